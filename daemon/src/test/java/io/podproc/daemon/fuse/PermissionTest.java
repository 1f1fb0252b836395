// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree.File;
import io.podproc.daemon.view.View;
import org.junit.jupiter.api.Test;

class PermissionTest {
  private static final int NOBODY = 65534;

  /** More than a pid can be. */
  private static final int GONE = 1 << 30;

  private record Empty(String path) implements VirtualFile {
    @Override
    public String read(View view) {
      return "";
    }
  }

  private static final File FOR_ALL = File.of(10, new Empty("/proc/stat"));
  private static final File FOR_ROOT = File.rootOnly(11, new Empty("/proc/slabinfo"), "");

  @Test
  void mostFilesAreForAllAndNobodyIsLookedAt() {
    assertThat(Permission.toRead(FOR_ALL, NOBODY, GONE)).isTrue();
  }

  @Test
  void rootMayReadWhatIsItsOwn() {
    assertThat(Permission.toRead(FOR_ROOT, 0, GONE)).isTrue();
  }

  @Test
  void whoIsGoneOrCannotBeLookedAtMayNot() {
    assertThat(Permission.toRead(FOR_ROOT, NOBODY, GONE)).isFalse();
    assertThat(Permission.toRead(FOR_ROOT, NOBODY, 0)).isFalse();
    assertThat(Permission.toRead(FOR_ROOT, NOBODY, -1)).isFalse();
  }

  @Test
  void whoeverElseMayIfItsCapabilitiesSaySo() {
    int own = (int) ProcessHandle.current().pid();
    assertThat(Permission.toRead(FOR_ROOT, NOBODY, own)).isEqualTo(Capabilities.own().canReadAll());
  }
}
