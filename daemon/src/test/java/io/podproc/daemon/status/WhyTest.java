// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.delivery.PodStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of docs/explain.md has a row of all that can be said, and of nothing else. */
class WhyTest {
  /** Of the first column; several sentences may share a row. */
  private static List<String> rows() throws IOException {
    return Files.readAllLines(Path.of("../docs/explain.md")).stream()
        .dropWhile(line -> !line.equals("| why | what to do |"))
        .skip(2)
        .takeWhile(line -> line.startsWith("| "))
        .map(line -> line.split("\\|", -1)[1].strip().replace("`", ""))
        .filter(cell -> !cell.startsWith("(")) // of what needs no reason
        .flatMap(cell -> Arrays.stream(cell.split("<br>", -1)))
        .toList();
  }

  /** A row may leave out how the sentence ends, and have an example of its detail. */
  private static boolean isOf(String row, Why why) {
    String sentence = why.sentence();
    return sentence.startsWith(row)
        || (sentence.endsWith(Why.DETAIL) && row.startsWith(sentence.replace(Why.DETAIL, "")));
  }

  @Test
  void eachSentenceHasARow() throws IOException {
    List<String> rows = rows();
    assertThat(Why.values())
        .allSatisfy(why -> assertThat(rows).as(why.sentence()).anyMatch(row -> isOf(row, why)));
  }

  @Test
  void eachRowIsOfASentence() throws IOException {
    assertThat(rows())
        .allSatisfy(row -> assertThat(Why.values()).as(row).anyMatch(why -> isOf(row, why)));
  }

  @Test
  void eachReasonOfAPodHasItsSentence() {
    assertThat(Why.values())
        .extracting(Why::name)
        .contains(Arrays.stream(PodStatus.Reason.values()).map(Enum::name).toArray(String[]::new));
  }
}
