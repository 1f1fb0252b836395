// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import io.podproc.daemon.view.View;
import java.io.IOException;

/** A file that reads as a test says. */
record NamedFile(String path, Text text) implements VirtualFile {
  interface Text {
    String of(View view) throws IOException;
  }

  static VirtualFile at(String path) {
    return new NamedFile(path, view -> path + "\n");
  }

  @Override
  public String read(View view) throws IOException {
    return text.of(view);
  }
}
