// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.podproc.daemon.vfs.VirtualFile;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The rules that ARCHITECTURE.md and the package comments state. */
class ArchitectureTest {
  private static final String ROOT = "io.podproc.daemon";
  private static final String RULES = "io.podproc.rules";
  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target/classes"));

  private static final int MOST_LINES = 300;
  private static final int MOST_LINES_OF_A_METHOD = 40;

  private static final DescribedPredicate<JavaClass> ANNOTATIONS =
      resideInAnyPackage("org.jspecify.annotations", "com.google.errorprone.annotations..");

  /** As the table of ARCHITECTURE.md calls them. */
  private static final Map<String, List<String>> LIBRARIES =
      Map.of(
          "the JDK", List.of(),
          "JBoss Logging", List.of("org.jboss.logging"),
          "JSON", List.of("jakarta.json.."),
          "Micrometer", List.of("io.micrometer.."),
          "TLS", List.of("javax.net.ssl"),
          "jnr-fuse", List.of("jnr..", "ru.serce.."));

  private static String in(String name) {
    return ROOT + "." + name + "..";
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    slices().matching(ROOT + ".fuse.(*)..").should().beFreeOfCycles().check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT)
        .check(CLASSES);
  }

  @Test
  void onlyTheRootPackageKnowsQuarkus() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.quarkus..", "io.smallrye..", "org.eclipse.microprofile..")
        .check(CLASSES);
  }

  @Test
  void onlyTheRootPackageAndWhatCountsKnowMicrometer() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT, in("task"), in("status.metrics"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.micrometer..")
        .check(CLASSES);
  }

  @Test
  void onlyClusterAndStatusKnowJson() {
    noClasses()
        .that()
        .resideOutsideOfPackages(in("cluster"), in("status"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jakarta..")
        .check(CLASSES);
  }

  @Test
  void onlyLibfuseKnowsJnr() {
    noClasses()
        .that()
        .resideOutsideOfPackage(in("fuse.libfuse"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jnr..", "ru.serce..", "com.kenai..")
        .check(CLASSES);
  }

  @Test
  void onlyFuseAndLinuxReachBeyondTheJvm() {
    noClasses()
        .that()
        .resideOutsideOfPackages(in("fuse"), in("linux"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .check(CLASSES);
  }

  @Test
  void onlyClusterAndStatusKnowTheNetwork() {
    noClasses()
        .that()
        .resideOutsideOfPackages(in("cluster"), in("status"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.net..", "javax.net..")
        .check(CLASSES);
  }

  /** By package what it may know, as the table has it. The root, its first row, may know all. */
  private static Map<String, String> rooms() throws IOException {
    Map<String, String> rooms = new TreeMap<>();
    Files.readAllLines(Path.of("../ARCHITECTURE.md")).stream()
        .dropWhile(line -> !line.startsWith("| package of `" + ROOT + "`"))
        .skip(3)
        .takeWhile(line -> line.startsWith("| `"))
        .map(line -> line.split("\\|", -1))
        .forEach(cells -> {
          for (String name : cells[1].replace("`", "").split(",", -1)) {
            rooms.put(name.strip(), cells[3].replaceFirst(";.*", "").strip());
          }
        });
    return rooms;
  }

  private static List<String> known(Map<String, String> rooms, String name) {
    List<String> known = new ArrayList<>();
    for (String word : rooms.getOrDefault(name, "no row of " + name).split(", ", -1)) {
      String plain = word.replace("`", "");
      if (word.startsWith("as ")) {
        known.addAll(known(rooms, plain.substring(3)));
      } else if (word.startsWith("`")) {
        known.add(plain.startsWith("io.") ? plain : ROOT + "." + plain);
      } else {
        assertThat(LIBRARIES).containsKey(word);
        known.addAll(LIBRARIES.getOrDefault(word, List.of()));
      }
    }
    return known;
  }

  @Test
  void eachPackageUsesOnlyWhatItsRowNames() throws IOException {
    Map<String, String> rooms = rooms();
    assertThat(rooms.keySet())
        .containsExactlyInAnyOrderElementsOf(
            CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> name.startsWith(ROOT + "."))
                .map(name -> name.substring(ROOT.length() + 1))
                .collect(Collectors.toSet()));
    for (String name : rooms.keySet()) {
      List<String> allowed = new ArrayList<>(known(rooms, name));
      allowed.addAll(List.of("java..", ROOT + "." + name));
      classes()
          .that()
          .resideInAPackage(ROOT + "." + name)
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(allowed.toArray(String[]::new)).or(ANNOTATIONS))
          .check(CLASSES);
    }
  }

  @Test
  void whatIsSharedWithTheWebhookUsesTheJdkAlone() {
    classes()
        .that()
        .resideInAPackage(RULES)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage("java.lang..", "java.math..", "java.util..", RULES).or(ANNOTATIONS))
        .check(CLASSES);
  }

  @Test
  void virtualFilesReadNoFileNoClockAndNoEnvironment() {
    noClasses()
        .that()
        .resideInAnyPackage(in("proc"), in("sys"))
        .should()
        .dependOnClassesThat(
            resideInAPackage("java.nio..")
                .or(
                    resideInAPackage("java.io..")
                        .and(not(assignableTo(IOException.class)))
                        .and(not(type(Serializable.class))))
                .or(
                    belongToAnyOf(
                        System.class,
                        Runtime.class,
                        Thread.class,
                        Process.class,
                        ProcessBuilder.class,
                        ProcessHandle.class))
                .or(belongToAnyOf(Clock.class, Instant.class, LocalDateTime.class, Date.class))
                .or(resideInAPackage("java.net..")))
        .check(CLASSES);
  }

  @Test
  void nobodyFormatsNumbersInTheLanguageOfTheNode() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .callMethod(String.class, "format", String.class, Object[].class)
        .orShould()
        .callMethod(String.class, "formatted", Object[].class)
        .check(CLASSES);
  }

  @Test
  void aVirtualFileIsAPathAndAText() {
    assertThat(CLASSES.get(VirtualFile.class).getMethods()).hasSizeLessThanOrEqualTo(2);
    classes()
        .that()
        .implement(VirtualFile.class)
        .should()
        .resideInAnyPackage(in("proc"), in("sys"))
        .check(CLASSES);
  }

  @Test
  void aClassHasAtMostThreeHundredLines() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      assertThat(files)
          .filteredOn(source -> source.toString().endsWith(".java"))
          .allSatisfy(
              source -> assertThat(lines(source)).as("%s", source).isLessThanOrEqualTo(MOST_LINES));
    }
  }

  /** Without the head of its file: what is imported nobody has to understand. */
  private static long lines(Path source) throws IOException {
    return Files.readAllLines(source).stream().dropWhile(line -> !line.startsWith("/**")).count();
  }

  /** The webhook's as well: one parser for all. */
  @Test
  void aMethodHasAtMostFortyLines() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
    List<Path> sources = new ArrayList<>();
    for (String module : new String[] {"", "../rules/", "../webhook/"}) {
      try (Stream<Path> found = Files.walk(Path.of(module + "src/main/java"))) {
        found.filter(source -> source.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    JavacTask task =
        (JavacTask)
            compiler.getTask(
                null, files, null, null, null, files.getJavaFileObjectsFromPaths(sources));
    SourcePositions positions = Trees.instance(task).getSourcePositions();
    List<String> methods = new ArrayList<>();
    List<String> tooLong = new ArrayList<>();
    for (CompilationUnitTree unit : task.parse()) {
      LineMap lines = unit.getLineMap();
      new TreeScanner<@Nullable Void, @Nullable Void>() {
        @Override
        public @Nullable Void visitMethod(MethodTree method, @Nullable Void with) {
          long begin = positions.getStartPosition(unit, method);
          long end = positions.getEndPosition(unit, method);
          String name = unit.getSourceFile().getName() + "#" + method.getName();
          methods.add(name);
          if (lines.getLineNumber(end) - lines.getLineNumber(begin) >= MOST_LINES_OF_A_METHOD) {
            tooLong.add(name);
          }
          return super.visitMethod(method, null);
        }
      }.scan(unit, null);
    }
    assertThat(methods).hasSizeGreaterThan(1000);
    assertThat(tooLong).isEmpty();
  }

  @Test
  void noClassIsNamedAfterAPatternOrADrawer() {
    noClasses().should().haveNameMatching(".*(Utils?|Manager|Helper|Base|Impl)").check(CLASSES);
  }
}
