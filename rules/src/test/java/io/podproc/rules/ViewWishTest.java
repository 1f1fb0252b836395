// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.rules.CpuWish.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ViewWishTest {
  private static final Optional<String> WEB = Optional.of("web");

  private static CpuWish cpus(String text) {
    return ViewWish.of(Map.of("podproc.io/cpus", text)).shown(WEB).cpus();
  }

  private static OptionalLong memory(String text) {
    return ViewWish.of(Map.of("podproc.io/memory", text)).shown(WEB).memory();
  }

  @Test
  void withoutAnAnnotationAContainerIsShownTheUsual() {
    ViewWish wish = ViewWish.of(Map.of("podproc.io/files", "default", "podproc.io/cpusets", "1"));
    assertThat(wish).isSameAs(ViewWish.NONE);
    assertThat(wish.shown(WEB)).isEqualTo(Shown.USUAL);
    assertThat(wish.faults()).isEmpty();
    assertThat(wish.namesContainers()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "limit, LIMIT, 0",
    "request, REQUEST, 0",
    "' cpuset ', CPUSET, 0",
    "2, NUMBER, 2",
    "+1.5, NUMBER, 1.5",
    ".5, NUMBER, 0.5",
    "2., NUMBER, 2",
    "500m, NUMBER, 0.5",
    "10m, NUMBER, 0.01",
    "1e1, NUMBER, 10",
    "8192, NUMBER, 8192"
  })
  void cpusAreTakenFromWhatItSays(String text, Kind kind, double most) {
    assertThat(cpus(text)).isEqualTo(new CpuWish(kind, most));
    assertThat(ViewWish.of(Map.of("podproc.io/cpus", text)).faults()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1Mi, 1048576",
    "512Mi, 536870912",
    "1.5Gi, 1610612736",
    "1G, 1000000000",
    "1e9, 1000000000",
    "1E9, 1000000000",
    "1E, 1000000000000000000",
    "1048576, 1048576",
    "1048576.9, 1048576",
    "1073741824000m, 1073741824",
    "2000000k, 2000000000",
    "7Ei, 8070450532247928832",
    "9223372036854775807, 9223372036854775807"
  })
  void memoryIsAQuantityOfKubernetes(String text, long bytes) {
    assertThat(memory(text)).hasValue(bytes);
    assertThat(ViewWish.of(Map.of("podproc.io/memory", text)).faults()).isEmpty();
  }

  @Test
  void memoryOfItsLimitIsTheUsual() {
    ViewWish wish = ViewWish.of(Map.of("podproc.io/memory", "limit"));
    assertThat(wish.shown(WEB)).isEqualTo(Shown.USUAL);
    assertThat(wish.faults()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "0",
        "-1",
        "-0.5",
        "0.001",
        "9m",
        "1n",
        "8193",
        "NaN",
        "Infinity",
        "1e400",
        "1e-400",
        "1e9999",
        "1e99999999999",
        "0x10",
        "1,5",
        "1 2",
        "1.2.3",
        ".",
        "+",
        "e3",
        "1ki",
        "1Zi",
        "two",
        "Limit",
        "limit,request",
        "1_000",
        "１"
      })
  void whatIsNoNumberOfCpusIsTheUsualAndTold(String text) {
    assertThat(cpus(text)).isEqualTo(CpuWish.USUAL);
    assertThat(ViewWish.of(Map.of("podproc.io/cpus", text)).faults())
        .singleElement()
        .asString()
        .startsWith("podproc.io/cpus is not limit, request, cpuset or 0.01 to 8192: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "-1",
        "-1Gi",
        "1",
        "1Ki",
        "1048575",
        "512m",
        "NaN",
        "1e400",
        "1e-400",
        "8Ei",
        "9Ei",
        "9223372036854775808",
        "512 Mi",
        "512MiB",
        "512mb",
        "request",
        "cpuset",
        "lots"
      })
  void whatIsNoMemoryIsTheUsualAndTold(String text) {
    assertThat(memory(text)).isEmpty();
    assertThat(ViewWish.of(Map.of("podproc.io/memory", text)).faults())
        .singleElement()
        .asString()
        .startsWith("podproc.io/memory is not limit or a quantity from 1Mi on: ");
  }

  @Test
  void digitsWithoutEndTakeNoTimeAndNoRoom() {
    String digits = "9".repeat(1_000_000);
    org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          for (int i = 0; i < 1000; i++) {
            assertThat(cpus(digits)).isEqualTo(CpuWish.USUAL);
            assertThat(memory(digits + "Ei")).isEmpty();
          }
        });
    ViewWish wish = ViewWish.of(Map.of("podproc.io/cpus", digits));
    assertThat(wish.annotations().get("podproc.io/cpus")).hasSize(65);
    assertThat(wish.faults()).singleElement().asString().hasSizeLessThan(150);
  }

  @Test
  void oneContainerMayBeShownSomethingElse() {
    ViewWish wish =
        ViewWish.of(
            Map.of(
                "podproc.io/cpus", "4",
                "podproc.io/cpus.web", "request",
                "podproc.io/memory.web", "1Gi"));
    assertThat(wish.namesContainers()).isTrue();
    assertThat(wish.containers()).containsExactly("web");
    assertThat(wish.shown(WEB))
        .isEqualTo(new Shown(new CpuWish(Kind.REQUEST, 0), OptionalLong.of(1L << 30)));
    Shown others = new Shown(new CpuWish(Kind.NUMBER, 4), OptionalLong.empty());
    assertThat(wish.shown(Optional.of("log"))).isEqualTo(others);
    assertThat(wish.shown(Optional.empty())).isEqualTo(others);
  }

  @Test
  void whatCantBeUsedOfOneContainerIsWhatHoldsForAll() {
    ViewWish wish = ViewWish.of(Map.of("podproc.io/cpus", "4", "podproc.io/cpus.web", "many"));
    assertThat(wish.shown(WEB).cpus()).isEqualTo(new CpuWish(Kind.NUMBER, 4));
    assertThat(wish.faults()).hasSize(1);
  }

  @Test
  void aPodSaysNoMoreThanAPodHasContainers() {
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i < 5000; i++) {
      many.put("podproc.io/cpus.c" + i, "1");
    }
    many.put("podproc.io/cpus", "2");
    ViewWish wish = ViewWish.of(many);
    assertThat(wish.annotations()).hasSize(ViewWish.MOST).containsKey("podproc.io/cpus");
  }
}
