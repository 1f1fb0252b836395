// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * The kernel objects of the container, where its cgroup tells (mm/slab_common.c:slabinfo_show). The
 * host's text is for the node's root alone and is never served.
 */
public final class ProcSlabinfo implements VirtualFile {
  /** A slabinfo without objects. */
  public static final String EMPTY =
      "slabinfo - version: 2.1\n"
          + "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
          + " : tunables <limit> <batchcount> <sharedfactor>"
          + " : slabdata <active_slabs> <num_slabs> <sharedavail>\n";

  @Override
  public String path() {
    return "/proc/slabinfo";
  }

  @Override
  public String read(View view) throws IOException {
    return view.cgroup().slabinfo().orElse(EMPTY);
  }
}
