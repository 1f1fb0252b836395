// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules that ARCHITECTURE.md and the package comments state. */
class ArchitectureTest {
  private static final String ROOT = "io.podproc.webhook";
  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target/classes"));

  private static final int MOST_LINES = 300;

  @Test
  void packagesFormNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void decisionsAreMadeOfJsonAlone() {
    String injection = ROOT + ".injection..";
    classes()
        .that()
        .resideInAPackage(injection)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                "java.lang",
                "java.lang.runtime..",
                "java.lang.invoke..",
                "java.util..",
                "com.fasterxml.jackson..",
                "org.jspecify.annotations",
                "com.google.errorprone.annotations",
                "io.podproc.rules",
                injection))
        .check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage(injection)
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(
            System.class,
            Runtime.class,
            Thread.class,
            ProcessBuilder.class,
            java.util.Date.class,
            java.util.Random.class,
            java.util.Timer.class)
        .check(CLASSES);
  }

  @Test
  void reviewsAreReadWithoutQuarkusFilesAndClocks() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".admission..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "io.quarkus..",
                    "io.vertx..",
                    "io.fabric8..",
                    "io.micrometer..",
                    "io.smallrye..",
                    "jakarta..",
                    "java.nio.file..",
                    "java.net..",
                    "java.time..",
                    "java.util.concurrent..",
                    "org.jboss..")
                .or(belongToAnyOf(System.class, Runtime.class, Thread.class))
                .or(resideInAPackage(ROOT)))
        .check(CLASSES);
  }

  @Test
  void thePortKnowsNoReview() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".http..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "io.quarkus..",
                    "io.vertx..",
                    "io.fabric8..",
                    "com.fasterxml..",
                    ROOT + ".admission..",
                    ROOT + ".injection..",
                    ROOT + ".tls..")
                .or(resideInAPackage(ROOT)))
        .check(CLASSES);
  }

  @Test
  void certificatesAreKnownWithoutKubernetesAndServedWithoutBoth() {
    slices().matching(ROOT + ".tls.(*)..").should().beFreeOfCycles().check(CLASSES);
    assertKnowNot(
        ROOT + ".tls.x509..",
        "io.fabric8..",
        "org.jboss..",
        ROOT + ".tls",
        ROOT + ".tls.kubernetes..",
        ROOT + ".tls.serving..");
    assertKnowNot(
        ROOT + ".tls.serving..",
        "io.fabric8..",
        "org.bouncycastle..",
        ROOT + ".tls",
        ROOT + ".tls.kubernetes..");
    assertKnowNot(
        ROOT + ".tls.kubernetes..", "org.bouncycastle..", ROOT + ".tls", ROOT + ".tls.serving..");
    assertKnowNot(
        ROOT + ".tls..",
        "io.quarkus..",
        "io.micrometer..",
        "io.netty..",
        ROOT,
        ROOT + ".admission..",
        ROOT + ".http..",
        ROOT + ".injection..");
    assertKnowNot(ROOT + ".log..", ROOT + ".tls..", ROOT + ".http..", ROOT, "io.fabric8..");
  }

  @Test
  void onlyCertificatesKnowBouncyCastle() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".tls.x509..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bouncycastle..")
        .check(CLASSES);
  }

  private static void assertKnowNot(String room, String... others) {
    noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
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

  @Test
  void noClassIsNamedAfterAPatternOrADrawer() {
    noClasses().should().haveNameMatching(".*(Utils?|Manager|Helper|Base|Impl)").check(CLASSES);
  }
}
