// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A document of the repository, and what it has its reader do. */
final class Readme {
  /** The checkout, from where tests run. */
  static final Path ROOT = Path.of("..");

  private static final Pattern SPAN = Pattern.compile("`([^`]+)`");
  private static final Pattern PROGRAM =
      Pattern.compile("(kubectl|helm|mvn|docker|kind|ctr|rm|umount|export) .*");

  final Path file;
  final String text;
  final List<Command> commands = new ArrayList<>();

  /** What stands between backticks, of one line each, and paths in what is said of a step. */
  final List<String> spans = new ArrayList<>();

  /**
   * A command of a document.
   *
   * @param inline whether it stands in a sentence: it is no step of those that are taken in order
   */
  record Command(Path file, int line, String text, boolean inline) {
    @Override
    public String toString() {
      return file + ":" + line + " " + text;
    }
  }

  /**
   * @param file below {@link #ROOT}
   */
  Readme(Path file) {
    this(file, Settings.text(ROOT.resolve(file)));
  }

  /**
   * @param text what stands there, or would after an edit
   */
  Readme(Path file, String text) {
    this.file = file;
    this.text = text;
    String fence = "";
    int number = 0;
    // A line that goes on in the next one is one with it.
    for (String line : text.replace("\\\n", "").split("\n", -1)) {
      number++;
      if (line.startsWith("```")) {
        fence = fence.isEmpty() ? line : "";
      } else if (fence.isEmpty()) {
        addSpans(line, number);
      } else if (fence.equals("```sh") && !line.isBlank()) {
        if (!line.startsWith("#")) {
          commands.add(new Command(file, number, line, false));
        }
        String[] parts = line.split("(^| )# ", 2);
        Stream.of(parts[parts.length - 1].split("[ ,;:]+", -1))
            .filter(word -> parts.length == 2 && word.contains("/"))
            .forEach(spans::add);
      }
    }
  }

  private void addSpans(String line, int number) {
    for (var match : SPAN.matcher(line).results().toList()) {
      String span = match.group(1).replace("\\|", "|");
      spans.add(span);
      String first = span.split(" ", 2)[0];
      boolean ours = first.contains("/") && Files.isExecutable(ROOT.resolve("./" + first));
      if (PROGRAM.matcher(span).matches() || (ours && Files.isRegularFile(ROOT.resolve(first)))) {
        // A command that is told of and not written out, as in "kubectl exec …", ends there.
        commands.add(new Command(file, number, span.split("…", 2)[0].strip(), true));
      }
    }
  }

  /** Whether one of its steps installs podproc; the others are for those who have it. */
  boolean installs() {
    return commands.stream()
        .anyMatch(command ->
            !command.inline && command.text.matches("helm install .*|.*kubectl apply .*"));
  }

  /** Whether one of its steps makes the images: nobody else has. */
  boolean builds() {
    return commands.stream()
        .anyMatch(command -> !command.inline && command.text.startsWith("deploy/images/build"));
  }

  /** All that there are, those that are of the build's making aside. */
  static List<Readme> all() {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .map(ROOT::relativize)
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !file.toString().matches("(.*/)?(target|\\.[^/]*)/.*"))
          .sorted()
          .map(Readme::new)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
