// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The rules that ARCHITECTURE.md and the package comments state. */
class ArchitectureTest {
  private static final String ROOT = "io.podproc.webhook";
  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target/classes"));

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
  void noClassIsNamedAfterAPatternOrADrawer() {
    noClasses().should().haveNameMatching(".*(Utils?|Manager|Helper|Base|Impl)").check(CLASSES);
  }
}
