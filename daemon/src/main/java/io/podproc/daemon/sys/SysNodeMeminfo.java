// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * The memory of the first NUMA node (drivers/base/node.c:node_read_meminfo): all that the container
 * has, as its /proc/meminfo tells it, in the lines that this file has on the host.
 */
public final class SysNodeMeminfo implements VirtualFile {
  private static final String NODE = "Node 0 ";

  private final VirtualFile meminfo;

  /**
   * @param meminfo the container's /proc/meminfo
   */
  public SysNodeMeminfo(VirtualFile meminfo) {
    this.meminfo = meminfo;
  }

  @Override
  public String path() {
    return "/sys/devices/system/node/node0/meminfo";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().firstNodeMeminfo(), Meminfo.parse(meminfo.read(view)));
  }

  static String render(Meminfo host, Meminfo own) {
    StringBuilder text = new StringBuilder(2048);
    for (Meminfo.Line line : host.lines()) {
      text.append(NODE);
      if (line.kilobytes().isPresent()) {
        append(text, line.key(), kilobytes(line.key(), own));
      } else {
        // Huge pages: a count, of which the container's file has that of all nodes.
        text.append(own.line(line.key()).orElse(line).text());
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static long kilobytes(String key, Meminfo own) {
    return switch (key) {
      case "MemUsed" -> of("MemTotal", own) - of("MemFree", own);
      case "FilePages" -> of("Cached", own) + of("Buffers", own) + of("SwapCached", own);
      default -> of(key, own);
    };
  }

  /** What the container's file has no line for is none of its memory. */
  private static long of(String key, Meminfo own) {
    return own.line(key).map(Meminfo.Line::kilobytes).orElse(OptionalLong.empty()).orElse(0);
  }

  /** "Node %d MemTotal: %8lu kB": the key in 16 columns, the value in 8. */
  private static void append(StringBuilder text, String key, long kilobytes) {
    String value = Long.toString(kilobytes);
    text.append(key)
        .append(':')
        .repeat(' ', Math.max(1, Math.max(0, 15 - key.length()) + 8 - value.length()))
        .append(value)
        .append(" kB");
  }
}
