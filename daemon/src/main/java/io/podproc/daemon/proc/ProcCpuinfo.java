// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.host.Cpuinfo;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.VisibleCpus;
import java.io.IOException;
import java.util.OptionalInt;

/**
 * The visible CPUs, by the numbers that the container knows (arch/x86/kernel/cpu/proc.c,
 * arch/arm64/kernel/cpuinfo.c). What says how CPUs are arranged tells of one package with a core
 * for each: whatever else the node has, its numbers would not fit those that are shown.
 */
public final class ProcCpuinfo implements VirtualFile {
  @Override
  public String path() {
    return "/proc/cpuinfo";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().cpuinfo(), view.cpus());
  }

  static String render(Cpuinfo host, VisibleCpus cpus) {
    StringBuilder text = new StringBuilder(2048 * cpus.count());
    for (Cpuinfo.Part part : host.parts()) {
      if (part.cpu().isEmpty()) {
        append(text, part);
      } else {
        int i = cpus.hostNumbers().indexOf((int) part.cpu().getAsLong());
        if (i >= 0) {
          append(text, part, cpus.number(i), cpus.count());
        }
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, Cpuinfo.Part part) {
    part.lines().forEach(line -> text.append(line.text()).append('\n'));
    text.append('\n');
  }

  private static void append(StringBuilder text, Cpuinfo.Part part, int number, int count) {
    for (Cpuinfo.Line line : part.lines()) {
      OptionalInt value = arrangement(line.key(), number, count);
      if (value.isPresent()) {
        int colon = line.text().indexOf(':');
        text.append(line.text(), 0, colon + 1).append(' ').append(value.getAsInt());
      } else {
        text.append(line.text());
      }
      text.append('\n');
    }
    text.append('\n');
  }

  private static OptionalInt arrangement(String key, int number, int count) {
    return switch (key) {
      case "processor", "core id", "apicid", "initial apicid" -> OptionalInt.of(number);
      case "physical id" -> OptionalInt.of(0);
      case "siblings", "cpu cores" -> OptionalInt.of(count);
      default -> OptionalInt.empty();
    };
  }
}
