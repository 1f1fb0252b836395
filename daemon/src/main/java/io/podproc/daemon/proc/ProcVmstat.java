// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.IoCounters;
import io.podproc.daemon.cgroup.Paging;
import io.podproc.daemon.host.Diskstats;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.host.Vmstat;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * Memory in pages, and what was done with it (mm/vmstat.c:vmstat_show), in the lines that the
 * host's file has. What the kernel tells of no cgroup is 0: a counter that stands still, and never
 * the node's.
 */
public final class ProcVmstat implements VirtualFile {
  /** In pages, and the lines of /proc/meminfo whose sum they are. */
  private static final Map<String, List<String>> PAGES =
      Map.ofEntries(
          Map.entry("nr_free_pages", List.of("MemFree")),
          Map.entry("nr_zone_inactive_anon", List.of("Inactive(anon)")),
          Map.entry("nr_zone_active_anon", List.of("Active(anon)")),
          Map.entry("nr_zone_inactive_file", List.of("Inactive(file)")),
          Map.entry("nr_zone_active_file", List.of("Active(file)")),
          Map.entry("nr_zone_unevictable", List.of("Unevictable")),
          Map.entry("nr_zone_write_pending", List.of("Dirty", "Writeback")),
          Map.entry("nr_mlock", List.of("Mlocked")),
          Map.entry("nr_inactive_anon", List.of("Inactive(anon)")),
          Map.entry("nr_active_anon", List.of("Active(anon)")),
          Map.entry("nr_inactive_file", List.of("Inactive(file)")),
          Map.entry("nr_active_file", List.of("Active(file)")),
          Map.entry("nr_unevictable", List.of("Unevictable")),
          Map.entry("nr_slab_reclaimable", List.of("SReclaimable")),
          Map.entry("nr_slab_unreclaimable", List.of("SUnreclaim")),
          Map.entry("nr_anon_pages", List.of("AnonPages")),
          Map.entry("nr_mapped", List.of("Mapped")),
          Map.entry("nr_file_pages", List.of("Buffers", "Cached", "SwapCached")),
          Map.entry("nr_dirty", List.of("Dirty")),
          Map.entry("nr_writeback", List.of("Writeback")),
          Map.entry("nr_shmem", List.of("Shmem")),
          Map.entry("nr_page_table_pages", List.of("PageTables")),
          Map.entry("nr_sec_page_table_pages", List.of("SecPageTables")),
          Map.entry("nr_swapcached", List.of("SwapCached")));

  /** In huge pages. */
  private static final Map<String, String> HUGE_PAGES =
      Map.of(
          "nr_anon_transparent_hugepages", "AnonHugePages",
          "nr_shmem_hugepages", "ShmemHugePages",
          "nr_shmem_pmdmapped", "ShmemPmdMapped",
          "nr_file_hugepages", "FileHugePages",
          "nr_file_pmdmapped", "FilePmdMapped");

  private static final Set<String> SETTINGS =
      Set.of("nr_dirty_threshold", "nr_dirty_background_threshold");

  private final VirtualFile meminfo;

  /**
   * @param meminfo the container's /proc/meminfo
   */
  public ProcVmstat(VirtualFile meminfo) {
    this.meminfo = meminfo;
  }

  @Override
  public String path() {
    return "/proc/vmstat";
  }

  @Override
  public String read(View view) throws IOException {
    return render(
        view.host().vmstat(),
        Meminfo.parse(meminfo.read(view)),
        view.cgroup().paging(),
        view.host().diskstats(),
        view.host().pageSize());
  }

  static String render(Vmstat host, Meminfo memory, Paging paging, Diskstats disks, int pageSize) {
    StringBuilder text = new StringBuilder(8192);
    for (Vmstat.Line line : host.lines()) {
      if (SETTINGS.contains(line.key())) {
        text.append(line.text());
      } else {
        text.append(line.key()).append(' ');
        text.append(
            switch (line.key()) {
              case "nr_kernel_stack" -> kilobytes(memory, "KernelStack");
              case "pgpgin" -> kilobytes(disks, paging, IoCounters::readBytes);
              case "pgpgout" -> kilobytes(disks, paging, IoCounters::writtenBytes);
              default -> value(line.key(), memory, paging, pageSize);
            });
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static long value(String key, Meminfo memory, Paging paging, int pageSize) {
    List<String> lines = PAGES.get(key);
    if (lines != null) {
      return lines.stream().mapToLong(line -> kilobytes(memory, line)).sum() / (pageSize / 1024);
    }
    String huge = HUGE_PAGES.get(key);
    if (huge != null) {
      return kilobytes(memory, huge) / Math.max(1, kilobytes(memory, "Hugepagesize"));
    }
    return paging.events().getOrDefault(key, 0L);
  }

  private static long kilobytes(Meminfo memory, String key) {
    return memory.bytes(key).orElse(0) / 1024;
  }

  /**
   * What went through disks. What lies on others (dm, md) and they count the same once more; but
   * what encrypts may do so on nobody's account.
   */
  private static long kilobytes(Diskstats disks, Paging paging, ToLongFunction<IoCounters> bytes) {
    long upper = 0;
    long lower = 0;
    for (Map.Entry<String, IoCounters> io : paging.io().entrySet()) {
      String name = disks.names().getOrDefault(io.getKey(), "");
      if (name.startsWith("dm-") || name.startsWith("md")) {
        upper += bytes.applyAsLong(io.getValue()) / 1024;
      } else {
        lower += bytes.applyAsLong(io.getValue()) / 1024;
      }
    }
    return Math.max(upper, lower);
  }
}
