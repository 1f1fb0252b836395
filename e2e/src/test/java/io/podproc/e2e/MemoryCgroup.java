// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

/** A cgroup whose memory can run out. Closed, it is gone with all that is in it. */
final class MemoryCgroup implements AutoCloseable {
  /** Joins the cgroup, and becomes a command that takes its place. */
  private static final String JOIN = "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"";

  /** Version 1 refuses a limit that is below the use at once. */
  private static final long ROOM = 8 << 20;

  /** Small beside a JVM, of which the kernel kills the larger. */
  private static final String NEEDY = "head -c 48M /dev/zero | tail -c 48M | wc -c";

  private final String cgroup = "/" + Container.uniqueName();
  private final Path directory = Machine.cgroup(cgroup, "memory");

  MemoryCgroup() {
    Container.limitCgroup(cgroup);
  }

  /** What starts a process in it. */
  String[] wrapper() {
    return new String[] {"bash", "-c", JOIN, directory.toString()};
  }

  /** Leaves next to no memory above what is used, and has somebody need more. */
  void runOut() {
    String use = Machine.hasCgroup2() ? "memory.current" : "memory.usage_in_bytes";
    long used = Long.parseLong(Machine.read(directory.resolve(use)).strip());
    Container.limitCgroup(cgroup, "--memory", Long.toString(used + ROOM));
    Output _ = Command.run("bash", "-c", JOIN, directory.toString(), "bash", "-c", NEEDY);
    String events = Machine.hasCgroup2() ? "memory.events" : "memory.oom_control";
    assertThat(Output.number(Machine.read(directory.resolve(events)), "^oom_kill (\\d+)$"))
        .isPositive();
  }

  @Override
  public void close() {
    Container.removeCgroup(cgroup);
  }
}
