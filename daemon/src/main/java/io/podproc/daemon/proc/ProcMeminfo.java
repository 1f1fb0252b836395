// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Memory (fs/proc/meminfo.c:meminfo_proc_show). The host's lines in the host's order; those that
 * tell of memory in use are the container's, those that tell of the machine or of the kernel's
 * settings pass through.
 */
public final class ProcMeminfo implements VirtualFile {
  private static final int COLUMNS = 24;

  private static final List<String> BLANKS =
      IntStream.rangeClosed(0, COLUMNS).mapToObj(" "::repeat).toList();

  /** Memory in use: 0 where the cgroup does not account it, never the node's. */
  private static final Set<String> IN_USE =
      Set.of(
          "Buffers",
          "SwapCached",
          "Zswap",
          "Zswapped",
          "Dirty",
          "Writeback",
          "AnonPages",
          "Mapped",
          "Shmem",
          "KReclaimable",
          "Slab",
          "SReclaimable",
          "SUnreclaim",
          "KernelStack",
          "ShadowCallStack",
          "PageTables",
          "SecPageTables",
          "NFS_Unstable",
          "Bounce",
          "WritebackTmp",
          "VmallocUsed",
          "Percpu",
          "AnonHugePages",
          "ShmemHugePages",
          "FileHugePages");

  /** Lines that no cgroup accounts, but that are a part of one which is. */
  private static final Map<String, String> PART_OF =
      Map.of(
          "Mlocked", "Unevictable",
          "ShmemPmdMapped", "ShmemHugePages",
          "FilePmdMapped", "FileHugePages");

  private final boolean showSwap;

  /**
   * @param showSwap false: the container has no swap
   */
  public ProcMeminfo(boolean showSwap) {
    this.showSwap = showSwap;
  }

  @Override
  public String path() {
    return "/proc/meminfo";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.host().meminfo(), view.memory(), showSwap);
  }

  static String render(Meminfo host, MemoryFacts cgroup, boolean showSwap) {
    Own own = Own.of(host, cgroup, showSwap);
    StringBuilder text = new StringBuilder(2048);
    for (Meminfo.Line line : host.lines()) {
      OptionalLong bytes = line.kilobytes().isPresent() ? own.bytes(line) : OptionalLong.empty();
      if (bytes.isPresent()) {
        append(text, line.key(), bytes.getAsLong() / 1024);
      } else {
        text.append(line.text()).append('\n');
      }
    }
    return text.toString();
  }

  /** What is the container's own, in bytes. */
  private record Own(
      long total, long free, long available, Swap swap, MemoryFacts.Lines accounted) {
    static Own of(Meminfo host, MemoryFacts cgroup, boolean showSwap) {
      long hostTotal = host.bytes("MemTotal").orElse(Long.MAX_VALUE);
      long limit = cgroup.limit().orElse(0);
      // A limit of 0 can be set, but programs divide by the total.
      long total = limit == 0 ? hostTotal : Math.min(limit, hostTotal);
      long unused = Math.clamp(total - cgroup.usage(), 0, total);
      long reclaimable = cgroup.activeFile() + cgroup.inactiveFile() + cgroup.reclaimableSlab();
      // What the node itself no longer has, no limit can give.
      long hostAvailable = host.bytes("MemAvailable").orElse(Long.MAX_VALUE);
      long available = Math.min(Math.clamp(unused + reclaimable, 0, total), hostAvailable);
      return new Own(
          total,
          Math.min(unused, available),
          available,
          Swap.of(host, cgroup, showSwap),
          cgroup.meminfo());
    }

    /** Empty for a line that passes through. */
    OptionalLong bytes(Meminfo.Line line) {
      return switch (line.key()) {
        case "MemTotal" -> OptionalLong.of(total);
        case "MemFree" -> OptionalLong.of(free);
        case "MemAvailable" -> OptionalLong.of(available);
        case "SwapTotal" -> OptionalLong.of(swap.total());
        case "SwapFree" -> OptionalLong.of(swap.free());
        default -> {
          OptionalLong bytes = accounted.bytes(line.key());
          yield bytes.isPresent() ? bytes : notAccounted(line);
        }
      };
    }

    private OptionalLong notAccounted(Meminfo.Line line) {
      String whole = PART_OF.get(line.key());
      if (whole != null) {
        // Cut to whole kB first, so that no product can be too large.
        long most = accounted.bytes(whole).orElse(0) / 1024;
        return OptionalLong.of(Math.min(line.kilobytes().orElse(0), most) * 1024);
      }
      return IN_USE.contains(line.key()) ? OptionalLong.of(0) : OptionalLong.empty();
    }
  }

  /** show_val_kb: the key in 16 columns, the value in 8. */
  private static void append(StringBuilder text, String key, long kilobytes) {
    String value = Long.toString(kilobytes);
    int blanks = Math.max(1, Math.max(0, 15 - key.length()) + 8 - value.length());
    text.append(key).append(':').append(BLANKS.get(blanks)).append(value).append(" kB\n");
  }
}
