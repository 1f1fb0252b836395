// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import org.eclipse.microprofile.config.spi.Converter;
import org.jspecify.annotations.Nullable;

/** A yes-or-no setting. SmallRye's own converter takes any word for a no. */
public final class TrueOrFalse implements Converter<Boolean> {
  private static final long serialVersionUID = 1;

  @Override
  public @Nullable Boolean convert(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("allowed values: true,false");
    };
  }
}
