// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.util.List;
import java.util.stream.Stream;

/** {@code deploy/images/build}, asked what it would make. */
final class ImageBuild {
  private ImageBuild() {}

  /**
   * The names of the images.
   *
   * @throws IllegalArgumentException it does not know an option
   */
  static List<String> list(String... options) {
    return Subprocess.run(
            Stream.concat(Stream.of("../deploy/images/build", "--list"), Stream.of(options))
                .toList())
        .lines()
        .toList();
  }
}
