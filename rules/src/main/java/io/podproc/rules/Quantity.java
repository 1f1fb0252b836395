// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A quantity as Kubernetes writes it: {@code 1.5}, {@code 500m}, {@code 512Mi}, {@code 1G}, {@code
 * 1e9} (the grammar of resource.Quantity in k8s.io/apimachinery).
 */
final class Quantity {
  /** In characters. None that means something is as long. */
  static final int LONGEST = 64;

  private static final Pattern TEXT =
      Pattern.compile(
          "([+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE]([+-]?[0-9]{1,3}))?");

  private static final Map<String, Integer> DECIMAL =
      Map.of("n", -9, "u", -6, "m", -3, "k", 3, "M", 6, "G", 9, "T", 12, "P", 15, "E", 18);

  private static final String BINARY = "KMGTPE";

  private Quantity() {}

  /** Its value; empty where it is none. */
  static Optional<BigDecimal> read(String text) {
    Matcher parts = TEXT.matcher(text);
    if (text.length() > LONGEST || !parts.matches()) {
      return Optional.empty();
    }
    BigDecimal number = new BigDecimal(parts.group(1));
    String unit = parts.group(2);
    if (unit == null) {
      return Optional.of(number);
    }
    if (parts.group(3) != null) {
      return Optional.of(number.scaleByPowerOfTen(Integer.parseInt(parts.group(3))));
    }
    if (unit.length() == 2) {
      int power = BINARY.indexOf(unit.charAt(0)) + 1;
      return Optional.of(number.multiply(BigDecimal.valueOf(1L << (10 * power))));
    }
    return Optional.of(number.scaleByPowerOfTen(DECIMAL.getOrDefault(unit, 0)));
  }
}
