// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import java.nio.charset.StandardCharsets;

/** The text of a thread's cgroups, of which a container chooses names and depth. */
public final class ProcCgroupFuzz {
  private static final RuntimePath RUNTIME =
      RuntimePath.onNodeOf(ProcCgroup.parse("0::/system.slice/podproc.service\n"));

  private ProcCgroupFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) {
    ProcCgroup caller = ProcCgroup.parse(new String(input, StandardCharsets.ISO_8859_1));
    assertThat(caller.paths()).allMatch(path -> path.startsWith("/"));
    assertThat(caller.isWithin(caller)).isTrue();
    ProcCgroup container = caller.map(path -> RUNTIME.container(path).orElse(path));
    assertThat(caller.isWithin(container)).isTrue();
    // Who is in a container is in it as well when it is asked from inside.
    ProcCgroup again = container.map(path -> RUNTIME.container(path).orElse(path));
    assertThat(again).isEqualTo(container);
    boolean _ = Containers.isTooDeep(container) || caller.isOutside();
  }
}
