// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;

/**
 * The programs that our documents call, without what they do: each knows whether its command line
 * is right. One that is not known here is wrong.
 */
final class Programs {
  /** Those that are not ours. */
  static final List<String> FOREIGN =
      List.of(
          "kubectl",
          "helm",
          "mvn",
          "docker",
          "kind",
          "ctr",
          "rm",
          "umount",
          "install",
          "sha256sum",
          "skopeo",
          "cosign");

  private static final Set<String> PHASES = Set.of("test", "package", "verify", "spotless:apply");
  private static final Pattern COMMAND = Pattern.compile("podproc-daemon (\\w+) \\[(--[\\w-]+)\\]");

  private final StandInCluster cluster;
  private final Path folder;
  private final boolean told;

  /**
   * @param folder where a reader calls them
   * @param told whether a command is told of in a sentence, where it may be without its operands
   */
  Programs(StandInCluster cluster, Path folder, boolean told) {
    this.cluster = cluster;
    this.folder = folder;
    this.told = told;
  }

  /**
   * What it prints.
   *
   * @throws IllegalArgumentException it would fail
   */
  String call(String program, List<String> words, String input) {
    return switch (program) {
      case "kubectl" ->
          words.getFirst().equals("podproc")
              ? plugin(words.subList(1, words.size()))
              : call(new CommandLine(new Kubectl(cluster, folder, input)), words);
      case "helm" -> call(new CommandLine(new HelmProgram(cluster, folder)), words);
      case "mvn" -> maven(words);
      case "docker" -> docker(words);
      case "kind" -> kind(words);
      case "ctr" -> only(words, "-n", "k8s.io", "images", "import");
      case "rm" -> only(words, "-r", mountPoint());
      case "umount" -> only(words, "-l", mountPoint());
      case "install" -> install(words);
      case "sha256sum" -> only(words, "-c", "SHA256SUMS");
      case "skopeo" -> skopeo(words);
      case "cosign" -> cosign(words);
      case "deploy/images/build" -> {
        if (!words.contains("--help")) {
          List<String> images = ImageBuild.list(words.toArray(String[]::new));
          if (words.contains("--push") && !words.contains("--list")) {
            cluster.push(images);
          }
        }
        yield script(program, words.stream().filter(word -> word.startsWith("-")).toList());
      }
      case "deploy/release" ->
          ReleaseTest.release(Stream.concat(words.stream(), Stream.of("--notes")));
      case "daemon/bin/podproc-daemon" -> daemon(words);
      default -> script(program, words);
    };
  }

  /** Calls a subcommand; where it is told of without operands, looks whether it is there. */
  private String call(CommandLine program, List<String> words) {
    StringWriter said = new StringWriter();
    program
        .setErr(new PrintWriter(said))
        .setExecutionExceptionHandler((e, line, result) -> {
          line.getErr().println(e.getMessage());
          return 1;
        });
    CommandLine subcommand = program.getSubcommands().get(words.getFirst());
    if (told
        && subcommand != null
        && words.stream()
            .skip(1)
            .allMatch(word -> subcommand.getCommandSpec().optionsMap().containsKey(word))) {
      return "";
    }
    if (program.execute(words.toArray(String[]::new)) != 0) {
      throw new IllegalArgumentException(said.toString());
    }
    CommandLine called = program;
    while (called.getParseResult().hasSubcommand()) {
      called = called.getParseResult().subcommand().commandSpec().commandLine();
    }
    return Objects.toString(called.getExecutionResult(), "");
  }

  private String install(List<String> words) {
    check(words.size() == 2 && words.getLast().equals("/usr/local/bin/"), "install " + words);
    check(Files.isExecutable(folder.resolve(words.getFirst())), "no program: " + words.getFirst());
    return "";
  }

  /** An image of a release, put into the registry. */
  private String skopeo(List<String> words) {
    check(
        words.size() == 5
            && words.subList(0, 3).equals(List.of("copy", "--all", "--preserve-digests")),
        "skopeo " + words);
    String archive = words.get(3).replaceFirst("^oci-archive:", "");
    checkIsOfRelease(archive);
    String image = words.get(4).replaceFirst("^docker://", "");
    check(
        image.endsWith("/" + archive.replace("-VERSION.oci.tar", ":VERSION")),
        archive + " is pulled by its own name, not by " + image);
    cluster.push(List.of(image.replace("VERSION", version())));
    return "";
  }

  private static final Pattern SIGNED =
      Pattern.compile("(sign|verify)-blob --key cosign\\.(key|pub) --bundle (\\S+) (\\S+)");
  private static final Pattern SIGNED_IMAGE =
      Pattern.compile(
          "(sign --recursive|verify) --key cosign\\.(key|pub) (\\S+)/(podproc|podproc-daemon|podproc-webhook)@sha256:DIGEST");

  private static String cosign(List<String> words) {
    String line = String.join(" ", words);
    Matcher blob = SIGNED.matcher(line);
    Matcher image = SIGNED_IMAGE.matcher(line);
    Matcher found = blob.matches() ? blob : image;
    check(found.matches(), "cosign " + line);
    check(
        found.group(1).startsWith("sign") == found.group(2).equals("key"),
        "one signs with the key, and others verify with what is public: " + line);
    if (found == blob) {
      check(blob.group(3).equals(blob.group(4) + ".bundle"), "two names of a bundle: " + line);
      checkIsOfRelease(blob.group(4));
    }
    return "";
  }

  private static String version() {
    return Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml")).path("version").asText();
  }

  static void checkIsOfRelease(String file) {
    check(ReleaseTest.FILES.contains(file), file + " is none of " + ReleaseTest.FILES);
  }

  private static String only(List<String> words, String... right) {
    check(words.equals(List.of(right)), String.join(" ", words));
    return "";
  }

  private static void check(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException(what);
    }
  }

  private static String mountPoint() {
    return Chart.values().path("mountPoint").asText();
  }

  // ---- of others ----

  private String maven(List<String> words) {
    String poms = Settings.text(Readme.ROOT.resolve("pom.xml"));
    List<String> modules = List.of("daemon", "webhook", "helm");
    boolean ends = false;
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("-pl")) {
        i++;
        modules = List.of(words.get(i).split(",", -1));
        for (String module : modules) {
          check(poms.contains("<module>" + module + "</module>"), "no module " + module);
        }
      } else if (word.startsWith("-D")) {
        String property = word.substring(2).replaceAll("=true$", "");
        check(isAsked(property, modules), "nothing asks for " + property);
      } else {
        check(PHASES.contains(word), "no phase " + word);
        ends = true;
      }
    }
    check(ends, "no phase at all");
    return "";
  }

  /** Whether a test of these modules reads that property. */
  private static boolean isAsked(String property, List<String> modules) {
    String call = "getBoolean(\"" + property + "\")";
    return modules.stream()
        .map(module -> Readme.ROOT.resolve(module).resolve("src/test/java"))
        .flatMap(Programs::files)
        .anyMatch(file -> Settings.text(file).contains(call));
  }

  static Stream<Path> files(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String docker(List<String> words) {
    if (words.equals(List.of("load"))) {
      return "";
    }
    check(
        words.size() == 4 && words.subList(0, 2).equals(List.of("build", "-f")), "docker " + words);
    check(Files.isRegularFile(folder.resolve(words.get(2))), "no such file: " + words.get(2));
    check(words.getLast().equals("."), "built in the repository's root");
    return "";
  }

  private static String kind(List<String> words) {
    check(
        words.size() == 3 && words.subList(0, 2).equals(List.of("load", "image-archive")),
        "kind " + words);
    Set<String> archives =
        ImageBuild.list().stream()
            .map(image -> image.replaceAll(".*/|:.*", "") + ".tar")
            .collect(Collectors.toCollection(TreeSet::new));
    String archive = words.get(2).replaceAll(".*/", "");
    check(archives.contains(archive), archive + " is none of " + archives);
    return "";
  }

  // ---- of the repository ----

  private static String daemon(List<String> words) {
    Set<String> settings =
        Settings.of(Settings.DAEMON).keySet().stream()
            .map(name -> "-Dpodproc." + Settings.hyphened(name))
            .collect(Collectors.toSet());
    Path source = Settings.DAEMON.resolve("src/main/java/io/podproc/daemon/MountCommand.java");
    Set<String> commands = new TreeSet<>();
    COMMAND
        .matcher(Settings.text(source).replaceAll(" +", " "))
        .results()
        .forEach(c -> commands.addAll(List.of(c.group(1), c.group(1) + " " + c.group(2))));
    check(
        words.stream()
            .filter(word -> word.startsWith("-Dpodproc.mount-point="))
            .allMatch(word -> word.endsWith("=" + mountPoint())),
        "others look for the files in " + mountPoint());
    List<String> command =
        words.stream().filter(word -> !settings.contains(word.replaceAll("=.*", ""))).toList();
    check(
        command.isEmpty() || commands.contains(String.join(" ", command)),
        "podproc-daemon knows no " + command);
    return "";
  }

  /** With no cluster to ask it fails; but by status 2 it says that it was called wrongly. */
  private static final String PLUGIN = "kubectl() { false; }; (. \"$0\" \"$@\") || (($? != 2))";

  private String plugin(List<String> words) {
    if (told && words.size() < 2) {
      return script("kubectl/kubectl-podproc", words);
    }
    String file = Readme.ROOT.resolve("kubectl/kubectl-podproc").toString();
    String _ =
        Subprocess.run(
            Stream.concat(Stream.of("bash", "-c", PLUGIN, file), words.stream()).toList());
    String namespace = words.contains("-n") ? words.get(words.indexOf("-n") + 1) : "default";
    KubernetesObject _ = cluster.get("Namespace", "", namespace);
    String object =
        words.stream()
            .skip(1)
            .filter(word -> !word.startsWith("-") && !word.equals(namespace))
            .findFirst()
            .orElse("");
    return switch (words.getFirst()) {
      case "explain" -> cluster.get("Pod", namespace, object.split("/", 2)[0]).id();
      case "ui" -> cluster.get("Node", "", object).id();
      default -> "";
    };
  }

  /** A script says itself which words it knows. */
  private static String script(String program, List<String> words) {
    Path file = Readme.ROOT.resolve(program);
    check(Files.isExecutable(file), "no such program: " + program);
    if (!words.isEmpty()) {
      List<String> known =
          List.of(Subprocess.run(List.of(file.toString(), "--help")).split("[^A-Za-z0-9-]+", -1));
      for (String word : words) {
        check(known.contains(word) || word.equals("--help"), program + " knows no " + word);
      }
    }
    return "";
  }
}
