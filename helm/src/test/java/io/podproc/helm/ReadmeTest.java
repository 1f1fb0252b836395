// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The documents, read to the letter: the commands of each are run in their order, as far as that
 * goes without a cluster, and names in them exist.
 */
class ReadmeTest {
  private static final List<Readme> READMES = Readme.all();

  private static Walk walk;

  @BeforeAll
  static void start() throws IOException {
    walk = new Walk(Path.of("target/walk").toAbsolutePath());
  }

  @AfterAll
  static void stop() throws IOException {
    walk.close();
  }

  /** The steps of a document change its cluster; what is said between them is tried on another. */
  @TestFactory
  Stream<DynamicContainer> everyCommandIsRight() {
    return READMES.stream()
        .filter(readme -> !readme.commands.isEmpty())
        .map(readme -> {
          StandInCluster cluster = cluster(readme);
          return DynamicContainer.dynamicContainer(
              readme.file.toString(),
              readme.commands.stream()
                  .map(command ->
                      DynamicTest.dynamicTest(
                          command.toString(), () -> assertThat(run(command, cluster)).isEmpty())));
        });
  }

  private static String run(Readme.Command command, StandInCluster cluster) {
    return walk.run(
        command.text(), command.inline() ? StandInCluster.installed() : cluster, command.inline());
  }

  /** What its reader has before the first step. */
  private static StandInCluster cluster(Readme readme) {
    StandInCluster cluster = readme.installs() ? new StandInCluster() : StandInCluster.installed();
    if (readme.builds()) {
      cluster.emptyRegistry();
    }
    return cluster;
  }

  /** What Helm prints when it has installed. */
  @TestFactory
  Stream<DynamicTest> everyCommandOfTheNotesIsRight() {
    String install = "install podproc helm/podproc -n podproc --create-namespace --set ";
    return new Programs(new StandInCluster(), Readme.ROOT, false)
        .call("helm", List.of((install + HelmProgram.IMAGES).split(" ", -1)), "")
        .lines()
        .filter(line -> line.startsWith("  ") || line.contains("kubectl "))
        .map(line -> line.replaceFirst(".*?(kubectl|helm) ", "$1 "))
        .map(command ->
            DynamicTest.dynamicTest(
                command,
                () -> assertThat(walk.run(command, StandInCluster.installed(), false)).isEmpty()));
  }

  @Test
  void whatTheyAreAboutIsFound() {
    assertThat(READMES)
        .extracting(readme -> readme.file.toString())
        .contains("README.md", "helm/podproc/README.md", "deploy/README.md");
    assertThat(
            READMES.stream().flatMap(readme -> readme.commands.stream()).filter(c -> !c.inline()))
        .hasSizeGreaterThan(25);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        // file names
        "helm install b helm/podprok -n podproc --create-namespace | no chart at",
        "kubectl apply -f deploy/podproc.yml | no such file",
        "deploy/images/buidl | No such file",
        "docker build -f deploy/images/demon/Dockerfile . | no such file",
        "kind load image-archive /tmp/podproc-demon.tar | is none of",
        // paths in containers and on nodes
        "kubectl -n shop exec deploy/web -- grep MemTotal /proc/memifno | No such file",
        "kubectl -n shop exec deploy/web -- sh -c 'getconf _NPROCESSORS' | getconf",
        "umount -l /var/lib/podprok | /var/lib/podprok",
        // values
        "helm install b helm/podproc --set global.imagRegistry=a | no value",
        "helm install b helm/podproc --set webhook.replicas=two | replicas",
        // images and tags
        "kubectl apply -f deploy/podproc.yaml | ErrImagePull",
        "helm install a helm/podproc --set daemon.image.registry=registry.example.com | ErrImagePull",
        "helm install a helm/podproc --set daemon.image.tag=0.1.0-SNAPSHOT | ErrImagePull",
        // labels
        "kubectl label namespace shop podproc.io/injekt=enabled | nothing knows the label",
        "kubectl label namespace shop podproc.io/inject=enable | nothing asks for it",
        "kubectl label nodes -l podproc.io/redy podproc.io/ready- | nothing knows the label",
        "kubectl get nodes -L podproc.io/redy | nothing knows the label",
        "kubectl label namespace podproc pod-security.kubernetes.io/enforce=any | nothing asks",
        // resources
        "kubectl label namespace sohp podproc.io/inject=enabled | not found",
        "kubectl -n shop rollout restart deployment wob | not found",
        "kubectl rollout restart deployment web | not found",
        "kubectl -n podproc delete daemonset podproc-deamon --cascade=foreground | not found",
        "kubectl -n podproc delete demonset podproc-daemon | no such resource type",
        "kubectl -n default logs podproc-tset | not found",
        "helm test podprok -n podproc | not found",
        "helm uninstall podproc | not found",
        // options and subcommands
        "kubectl -n podproc delete daemonset podproc-daemon --cascde=foreground | --cascde",
        "kubectl -n podproc delete daemonset podproc-daemon --cascade=forground | forground",
        "kubectl -n podproc frobnicate | frobnicate",
        "helm uninstal podproc -n podproc | uninstal",
        "helm install --wait | Missing required",
        "deploy/images/build --outptu /tmp | --outptu",
        "e2e/kind.sh pu | knows no pu",
        "mvn -pl demon package | no module",
        "mvn -pl daemon pakage | no phase",
        "mvn -pl helm test -Dreadme.updat=true | nothing asks for",
        // settings and commands of the daemon
        "daemon/bin/podproc-daemon -Dpodproc.mountpoint=/a | knows no",
        "daemon/bin/podproc-daemon repair --dryrun | knows no",
        // whatever is not known
        "curl localhost:9464/q/metrics | command not found",
      })
  void aWrongOneIsNot(String command, String why) {
    assertThat(walk.run(command, StandInCluster.installed(), false)).contains(why);
  }

  /** One edit of a document, as a careless hand makes it, and what comes of it by its last step. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        // images: what is built and pushed is what is pulled
        "README.md | build --prefix registry.example.com/podproc | build --prefix registry.example.com/podprok | ErrImagePull",
        "README.md | build --prefix | build --tag 0.1.0-SNAPSHOT --prefix | ErrImagePull",
        "README.md | podproc --push | podproc | ErrImagePull",
        "README.md | images/build --prefix | images/build daemon --prefix | ErrImagePull",
        "docs/install.md | podproc --push | podproc | ErrImagePull",
        "helm/podproc/UPGRADING.md | podproc --push | podproc | ErrImagePull",
        "deploy/README.md | registry.example.com/podproc/ | registry.example.com/podprok/ | ErrImagePull",
        // operands
        "README.md | helm uninstall podproc -n podproc | helm uninstall --wait | Missing required",
        "docs/explain.md | kubectl podproc ui node-1 | kubectl podproc ui | which node",
        "docs/by-hand.md | mvn -pl daemon package | mvn -pl daemon | no phase",
        "docs/explain.md | install kubectl/kubectl-podproc | install kubectl/podproc | no program",
        "docs/explain.md | archive=kubectl-podproc-VERSION | archive=podproc-VERSION | is none of",
        "docs/explain.md | exec POD -c daemon | exec POD -c keeper | no container",
        "docs/explain.md | /opt/podproc/podproc doctor | /opt/podproc/podproc docter | not asked",
        "docs/by-hand.md | setup build run | setup bild run | knows no bild",
        "docs/release.md | oci-archive:podproc-webhook- | oci-archive:podproc-webhok- | is none of",
        "docs/release.md | -webhook:VERSION | -daemon:VERSION | pulled by its own name",
        "docs/release.md | install podproc podproc-VERSION.tgz | install podproc podproc.tgz | is none of",
        "docs/release.md | verify-blob --key cosign.pub | verify-blob --key cosign.key | one signs",
        // names that differ between two lines
        "README.md | helm install podproc | helm install podprok | release podproc not found",
        "README.md | helm/podproc -n podproc | helm/podproc -n podprok | release podproc not found",
        "README.md | shop podproc.io/inject=enabled | default podproc.io/inject=enabled | show the node",
        "README.md | shop podproc.io/inject=enabled | shop podproc.io/inject=disabled | show the node",
        "README.md | shop podproc.io/inject- | default podproc.io/inject- | has no label",
        "docs/operate.md | inject=disabled --overwrite | inject=disabled | already has a value",
        "docs/install.md | -n podproc get pods | -n podprok get pods | not found",
        "docs/install.md | -n podproc get pods | get deploy | No resources found",
        "docs/explain.md | explain -n shop | explain -n sohp | not found",
        "docs/explain.md | -n shop web-7d4f9c | -n shop wbe-7d4f9c | not found",
        "docs/explain.md | ui node-1 | ui ndoe-1 | not found",
        "docs/by-hand.md | mount-point=/var/lib/podproc | mount-point=/var/lib/podprok | others look",
        // what a shell passes over
        "docs/install.md | grep MemTotal /proc/meminfo; | grep MemTotl /proc/meminfo; | grep MemTotl",
        // options of ours
        "docs/explain.md | kubectl podproc ps -o json | kubectl podproc ps -o jsno | no output but",
        "helm/README.md | -pl helm test | -pl daemon test | nothing asks for readme.update",
        // names
        "helm/README.md | podproc-VERSION.tgz | podprok-VERSION.tgz | podprok-VERSION.tgz",
        "helm/README.md | deploy/podproc.yaml | deploy/podproc.yml | deploy/podproc.yml",
        "helm/README.md | podproc/ci | podproc/cl | podproc/cl",
        "docs/pods.md | podproc.io/cpus: | podproc.io/cpsu: | podproc.io/cpsu",
      })
  void aWrongEditIsNot(Path file, String right, String wrong, String why) {
    String text = new Readme(file).text;
    assertThat(text).contains(right);

    Readme edited = new Readme(file, text.replaceFirst(Pattern.quote(right), wrong));

    StandInCluster cluster = cluster(edited);
    assertThat(
            Stream.concat(
                    wrongNames(edited).stream(),
                    edited.commands.stream().map(command -> run(command, cluster)))
                .filter(problem -> !problem.isEmpty())
                .findFirst())
        .hasValueSatisfying(problem -> assertThat(problem).contains(why));
  }

  // ---- names ----

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)\\s]+))?\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

  @Test
  void linksLeadSomewhere() {
    List<String> dead = new ArrayList<>();
    for (Readme readme : READMES) {
      for (var link : LINK.matcher(readme.text).results().toList()) {
        if (link.group(1).contains("://")) {
          continue;
        }
        Path target =
            link.group(1).isEmpty()
                ? readme.file
                : readme.file.resolveSibling(link.group(1)).normalize();
        boolean anchored =
            link.group(2) == null || headings(Readme.ROOT.resolve(target)).contains(link.group(2));
        if (!Files.exists(Readme.ROOT.resolve(target)) || !anchored) {
          dead.add(readme.file + ": " + link.group());
        }
      }
    }
    assertThat(dead).isEmpty();
  }

  private static Set<String> headings(Path file) {
    Set<String> anchors = new TreeSet<>();
    HEADING
        .matcher(Files.isRegularFile(file) ? Settings.text(file) : "")
        .results()
        .forEach(heading ->
            anchors.add(
                heading
                    .group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-')));
    return anchors;
  }

  private static final Pattern PATH = Pattern.compile("([\\w.-]+)(/[\\w.-]+)+/?");
  private static final Pattern VALUE = Pattern.compile("([a-zA-Z]+)(\\.[a-zA-Z]+)+(=\\S*)?");
  private static final Pattern VARIABLE = Pattern.compile("PODPROC_[A-Z_]*[A-Z]");
  private static final Pattern PROPERTY = Pattern.compile("(?:-D)?podproc\\.([a-z-]+)(=\\S*)?");
  private static final Pattern KEY = Pattern.compile("(podproc\\.io/[a-z-]*[a-z])(=([a-z]+))?");

  @Test
  void whatIsNamedExists() {
    assertThat(READMES.stream().flatMap(readme -> wrongNames(readme).stream())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "globl.imageRegistry",
        "global.imagRegistry",
        "critcalPodsQuota.enabled=true",
        "criticalPodsQuota.enabled=ture",
        "webhook.hostNetwork=1",
        "exisitngSecret.caBundle",
        "podproc.mount-piont",
        "podproc.io/injekt",
        "PODPROC_MOUNT_PIONT",
        "deploy/podproc.yml",
        "./tets it",
        "popdroc.io/inject",
        "podproc.io/inject=enbaled",
        "hlem/podproc",
        "delpoy/images/build --list",
        "deploy/releas 0.2.0",
      })
  void aWrongNameIsNot(String name) {
    assertThat(wrongNames(new Readme(Path.of("a.md"), "`" + name + "`"))).hasSize(1);
  }

  private static List<String> wrongNames(Readme readme) {
    return Stream.concat(
            readme.spans.stream().filter(span -> !exists(readme.file, span)),
            KEY.matcher(readme.text)
                .results()
                .filter(key -> !isKnown(key.group(1), key.group(3)))
                .map(MatchResult::group))
        .map(name -> readme.file + ": " + name)
        .toList();
  }

  /** Whether there is such a label, and anything comes of its value, if that is of a namespace. */
  private static boolean isKnown(String key, @Nullable String value) {
    return KEYS.contains(key)
        && (value == null
            || !key.equals(StandInCluster.INJECT)
            || StandInCluster.installed().known(key).contains(value));
  }

  private static boolean exists(Path file, String span) {
    String path = span.split(" ", 2)[0];
    if (ReleaseTest.FILES.contains(path)) {
      return true;
    }
    if (path.endsWith(".tgz")) {
      return path.equals("helm/" + PackageTest.archive("VERSION"));
    }
    if (PATH.matcher(path).matches() && !path.matches("(.*/)?target(/.*)?")) {
      List<Path> folders = List.of(Readme.ROOT, Readme.ROOT.resolve(file).resolveSibling(""));
      String top = path.split("/", 2)[0];
      if (folders.stream().anyMatch(folder -> Files.isDirectory(folder.resolve(top)))) {
        return folders.stream().anyMatch(folder -> Files.exists(folder.resolve(path)));
      }
      // Others have such names, too: but none that is one of ours after the first word.
      String rest = path.substring(top.length() + 1);
      if (FOLDERS.stream().anyMatch(folder -> Files.exists(folder.resolve(rest)))
          || (KEYS.contains("podproc.io/" + rest) && !top.equals("podproc.io"))) {
        return false;
      }
    }
    for (var variable : VARIABLE.matcher(span).results().toList()) {
      if (Stream.of(Settings.DAEMON, Settings.WEBHOOK)
          .noneMatch(m -> Settings.environment(m).contains(variable.group()))) {
        return false;
      }
    }
    var property = PROPERTY.matcher(span);
    if (property.matches()) {
      return Stream.of(Settings.DAEMON, Settings.WEBHOOK)
          .flatMap(module -> Settings.of(module).keySet().stream())
          .anyMatch(setting -> Settings.hyphened(setting).equals(property.group(1)));
    }
    return !VALUE.matcher(span).matches() || isRightOrNoValue(span);
  }

  /** As with paths, none is right that is a value's after the first word. */
  private static boolean isRightOrNoValue(String span) {
    String[] words = span.split("=", 2);
    String[] names = words[0].split("\\.", 2);
    if (!isValue(words[0])) {
      return !Chart.values().path(names[0]).isObject() && !isValue(names[1]);
    }
    return words.length == 1
        || value(span).isMissingNode()
        || HelmProgram.values(List.of(span)).at(pointer(span)).getNodeType()
            == value(span).getNodeType();
  }

  /** Whether it is a value, or one from an inner word on, as {@code existingSecret.name} is. */
  private static boolean isValue(String name) {
    return VALUES.stream().anyMatch(value -> value.endsWith("." + name));
  }

  private static final Set<String> VALUES = new TreeSet<>();

  static {
    addValues("", Chart.values());
  }

  private static void addValues(String path, JsonNode values) {
    values
        .properties()
        .forEach(value -> {
          VALUES.add(path + "." + value.getKey());
          addValues(path + "." + value.getKey(), value.getValue());
        });
  }

  private static String pointer(String span) {
    return "/" + span.split("=", 2)[0].replace('.', '/');
  }

  private static JsonNode value(String span) {
    return Chart.values().at(pointer(span));
  }

  private static final List<Path> FOLDERS = folders();

  private static List<Path> folders() {
    try (Stream<Path> files = Files.list(Readme.ROOT)) {
      return files.filter(Files::isDirectory).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The labels and annotations that the chart and the programs know. */
  private static final Set<String> KEYS = keys();

  private static Set<String> keys() {
    Set<String> keys = new TreeSet<>();
    for (Path folder :
        List.of(
            Chart.DIRECTORY.resolve("templates"),
            Settings.WEBHOOK.resolve("src/main/java"),
            Settings.DAEMON.resolve("src/main/java"),
            Readme.ROOT.resolve("rules/src/main/java"))) {
      Programs.files(folder)
          .forEach(file ->
              KEY.matcher(Settings.text(file)).results().forEach(key -> keys.add(key.group(1))));
    }
    return keys;
  }

  /** The first page is one that is read to its end. */
  @Test
  void theFirstPageIsShort() {
    String text = new Readme(Path.of("README.md")).text;
    assertThat(text.lines()).hasSizeLessThanOrEqualTo(120);
    assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(160));
  }

  @Test
  void portsAreTheDefaults() {
    assertThat(new Readme(Path.of("docs/by-hand.md")).text)
        .contains("\n| daemon, " + Settings.of(Settings.DAEMON).get("httpPort") + " (")
        .contains("\n| webhook, " + Chart.values().at("/webhook/managementPort") + " |");
  }

  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([\\w.]+)` \\| `([^`]*)` \\|");

  @Test
  void defaultsAreThoseOfTheChart() {
    for (var row : ROW.matcher(new Readme(Path.of("docs/install.md")).text).results().toList()) {
      if (Chart.values().path(row.group(1).split("\\.", 2)[0]).isMissingNode()) {
        continue;
      }
      assertThat(value(row.group(1)).asText())
          .as(row.group(1))
          .isEqualTo(row.group(2).replace("\"", ""));
    }
  }
}
