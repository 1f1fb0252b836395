// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import io.podproc.daemon.view.View;
import java.io.IOException;

/** A file that reads differently in each container. */
public interface VirtualFile {
  /** Where the container sees it: {@code /proc/meminfo}. */
  String path();

  /** The whole text, for the view's container, as of now. */
  String read(View view) throws IOException;
}
