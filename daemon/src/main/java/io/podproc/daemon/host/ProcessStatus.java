// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import io.podproc.daemon.kernel.Numbers;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * What podproc needs of {@code /proc/[pid]/status} (fs/proc/array.c:proc_pid_status).
 *
 * @param process the pid of the process that a thread is of; 0 where the kernel does not tell it
 * @param parent the parent's pid; 0 where it is outside of the daemon's pid namespace
 * @param namespacePids the pids of the process or thread, the host's first, then one for each pid
 *     namespace inside of which it is
 */
public record ProcessStatus(int process, int parent, List<Integer> namespacePids) {
  static ProcessStatus parse(String text) {
    List<Integer> process = List.of();
    List<Integer> parent = List.of();
    List<Integer> pids = List.of();
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("Tgid:")) {
        process = numbers(line);
      } else if (line.startsWith("PPid:")) {
        parent = numbers(line);
      } else if (line.startsWith("NSpid:")) {
        pids = numbers(line);
      }
    }
    return new ProcessStatus(first(process), first(parent), pids);
  }

  private static int first(List<Integer> numbers) {
    return numbers.isEmpty() ? 0 : numbers.getFirst();
  }

  private static List<Integer> numbers(String line) {
    String[] words = line.substring(line.indexOf(':') + 1).trim().split("\\s+", -1);
    return Stream.of(words)
        .map(Numbers::parse)
        .filter(OptionalLong::isPresent)
        .map(number -> (int) number.getAsLong())
        .toList();
  }

  /** Whether it is the first of a pid namespace right below the daemon's own. */
  public boolean isInit() {
    return namespacePids.size() == 2 && namespacePids.getLast() == 1;
  }
}
