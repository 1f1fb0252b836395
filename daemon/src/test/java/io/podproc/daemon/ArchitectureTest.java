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

  private static String in(String name) {
    return ROOT + "." + name + "..";
  }

  /** A package may use itself, the JDK, annotations and what is named. */
  private static void assertUsesOnly(String name, String... others) {
    String[] allowed =
        Stream.concat(Stream.of("java..", in(name)), Stream.of(others)).toArray(String[]::new);
    classes()
        .that()
        .resideInAPackage(in(name))
        .should()
        .onlyDependOnClassesThat(resideInAnyPackage(allowed).or(ANNOTATIONS))
        .check(CLASSES);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
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

  @Test
  void eachPackageUsesOnlyThoseBelowIt() {
    assertUsesOnly("kernel", in("linux"));
    assertUsesOnly("linux");
    assertUsesOnly("host", in("kernel"), in("linux"));
    assertUsesOnly("cgroup", in("kernel"), in("linux"));
    assertUsesOnly("view", in("host"), in("cgroup"), in("kernel"), RULES);
    assertUsesOnly("vfs", in("view"), in("host"), in("linux"));
    assertUsesOnly(
        "container", in("view"), in("host"), in("cgroup"), in("kernel"), in("linux"), RULES);
    assertUsesOnly("proc", in("vfs"), in("view"), in("host"), in("cgroup"));
    assertUsesOnly("sys", in("vfs"), in("view"), in("host"), in("cgroup"));
    assertUsesOnly("log", "org.jboss.logging");
    assertUsesOnly("task", in("log"), "io.micrometer..");
    assertUsesOnly(
        "state",
        in("container"),
        in("fuse"),
        in("view"),
        in("host"),
        in("cgroup"),
        in("log"),
        RULES);
    assertUsesOnly("settings", in("fuse"), in("view"), in("log"));
    assertUsesOnly("cluster", in("log"), "javax.net.ssl", "jakarta.json..");
    assertUsesOnly("delivery", in("cluster"), in("log"), RULES);
    assertUsesOnly(
        "status",
        in("settings"),
        in("state"),
        in("task"),
        in("attach"),
        in("delivery"),
        in("container"),
        in("fuse"),
        in("view"),
        in("vfs"),
        in("host"),
        in("cgroup"),
        in("kernel"),
        in("linux"),
        in("log"),
        RULES,
        "jakarta.json..",
        "io.micrometer..");
    assertUsesOnly(
        "attach",
        in("delivery"),
        in("container"),
        in("linux"),
        in("fuse"),
        in("vfs"),
        in("host"),
        in("cgroup"),
        in("kernel"),
        in("log"));
    assertUsesOnly("fuse", in("vfs"), in("log"), in("linux"), in("kernel"), "jnr..", "ru.serce..");
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".fuse")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".fuse.(*)..")
        .check(CLASSES);
    slices().matching(ROOT + ".fuse.(*)..").should().beFreeOfCycles().check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".status")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(in("status.metrics"))
        .check(CLASSES);
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
