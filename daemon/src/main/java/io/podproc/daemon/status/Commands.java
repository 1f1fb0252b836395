// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import jakarta.json.Json;
import jakarta.json.JsonBuilderFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What {@code podproc} is asked: which command, and of what. Errors are one line. */
public final class Commands implements CommandSocket.Asked {
  /** Then what was found is told, and how much was not. */
  private static final Duration DEADLINE = Duration.ofSeconds(3);

  /** An id in place of a name may be cut short, to what {@code ps} shows at least. */
  private static final int SHORT_ID = 12;

  private static final int MOST_NAMED = 10;

  private final Node node;
  private final Doctor doctor;

  public Commands(Node node, Doctor doctor) {
    this.node = node;
    this.doctor = doctor;
  }

  /** A request that makes no sense, or can't be answered. The message is one line. */
  private static final class Misused extends Exception {
    private static final long serialVersionUID = 1;

    Misused(String message) {
      super(message);
    }
  }

  /** What came with a command. */
  private record Options(
      Optional<String> object, Optional<String> namespace, Optional<Integer> pid, boolean json) {
    static Options of(List<String> words) throws Misused {
      Optional<String> object = Optional.empty();
      Optional<String> namespace = Optional.empty();
      Optional<Integer> pid = Optional.empty();
      boolean json = false;
      for (int i = 1; i < words.size(); i++) {
        String word = words.get(i);
        String next = i + 1 < words.size() ? words.get(i + 1) : "";
        switch (word) {
          case "-o" -> {
            if (!next.equals("json")) {
              throw new Misused("there is no output but -o json");
            }
            json = true;
            i++;
          }
          case "-n" -> {
            namespace = Optional.of(next);
            i++;
          }
          case "--pid" -> {
            if (!next.matches("[1-9][0-9]{0,8}")) {
              throw new Misused("--pid needs the number of a process");
            }
            pid = Optional.of(Integer.valueOf(next));
            i++;
          }
          default -> {
            if (word.startsWith("-") || object.isPresent()) {
              throw new Misused("what does \"" + word + "\" mean? podproc --help tells");
            }
            object = Optional.of(word);
          }
        }
      }
      return new Options(object, namespace, pid, json);
    }

    Optional<JsonBuilderFactory> factory() {
      return json ? Optional.of(Json.createBuilderFactory(Map.of())) : Optional.empty();
    }
  }

  @Override
  public Reply answer(List<String> words) throws IOException, InterruptedException {
    try {
      Options options = Options.of(words);
      return switch (words.getFirst()) {
        case "ps" -> list(options);
        case "explain" -> explain(options);
        case "doctor" -> examine(options);
        default -> throw new Misused("there is ps, explain and doctor");
      };
    } catch (Misused e) {
      return Reply.refused(String.valueOf(e.getMessage()));
    }
  }

  private static void bare(Options options) throws Misused {
    if (options.object.isPresent() || options.pid.isPresent() || options.namespace.isPresent()) {
      throw new Misused("that takes no words but -o json");
    }
  }

  private Reply examine(Options options) throws Misused, InterruptedException {
    bare(options);
    return doctor.examine(options.json);
  }

  private Reply list(Options options) throws Misused {
    bare(options);
    Listing listing = new Listing(node, new RunningContainers(node).all(deadline()));
    return Reply.fine(options.factory().map(listing::json).orElseGet(listing::text));
  }

  private static BooleanSupplier deadline() {
    long end = System.nanoTime() + DEADLINE.toNanos();
    return () -> System.nanoTime() - end > 0;
  }

  private Reply explain(Options options) throws Misused, IOException {
    if (options.pid.isPresent() == options.object.isPresent()) {
      throw new Misused("explain what? POD, POD/CONTAINER or --pid N");
    }
    RunningContainer seen =
        options.pid.isPresent()
            ? process(options.pid.get())
            : container(options.object.orElseThrow(), options.namespace);
    Explanation explanation = new Explanation(node, seen);
    return Reply.fine(options.factory().map(explanation::json).orElseGet(explanation::text));
  }

  private RunningContainer process(int pid) throws Misused {
    try {
      return new RunningContainers(node)
          .of(pid)
          .orElseThrow(() ->
              new Misused("process " + pid + " is in no container: it sees the node's own files"));
    } catch (IOException e) {
      throw new Misused("there is no process " + pid + " that can be looked at");
    }
  }

  private RunningContainer container(String name, Optional<String> namespace) throws Misused {
    int slash = name.indexOf('/');
    String pod = slash < 0 ? name : name.substring(0, slash);
    String container = slash < 0 ? "" : name.substring(slash + 1);
    List<RunningContainer> ofPod =
        new RunningContainers(node)
            .all(deadline()).containers().stream()
                .filter(seen -> isOf(seen, pod, namespace))
                .toList();
    if (ofPod.isEmpty()) {
      throw new Misused(
          "no container of a pod " + pod + " runs on this node: podproc ps lists them");
    }
    List<String> pods = ofPod.stream().map(RunningContainer::podName).distinct().toList();
    if (pods.size() > 1) {
      throw new Misused(
          "several pods are called " + pod + ", choose with -n: " + named(pods.stream()));
    }
    List<RunningContainer> found =
        ofPod.stream().filter(seen -> container.isEmpty() || isCalled(seen, container)).toList();
    if (found.size() != 1) {
      throw new Misused(
          (found.isEmpty() ? "no container " + container : "several containers")
              + " in "
              + pods.getFirst()
              + ": choose one of "
              + named(ofPod.stream().map(seen -> pod + "/" + seen.name())));
    }
    return found.getFirst();
  }

  private static String named(Stream<String> names) {
    return names.sorted().limit(MOST_NAMED).collect(Collectors.joining(", "));
  }

  private static boolean isOf(RunningContainer seen, String pod, Optional<String> namespace) {
    List<String> names = new ArrayList<>();
    seen.pod().ifPresent(of -> names.add(of.podUid()));
    seen.standing()
        .filter(known -> namespace.isEmpty() || namespace.get().equals(known.namespace()))
        .ifPresent(known -> names.add(known.name()));
    return names.contains(pod);
  }

  private static boolean isCalled(RunningContainer seen, String name) {
    return seen.look().name().filter(name::equals).isPresent()
        || (name.length() >= SHORT_ID && seen.id().startsWith(name));
  }
}
