// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A wrong value stops the install with a message that names it; a right one is documented. */
class ValuesTest {
  private static final Path README = Chart.DIRECTORY.resolve("README.md");

  @TempDir Path directory;

  /** Renders with one value, at a path as --set writes it, given as JSON. */
  private void render(String path, String value) throws IOException {
    ObjectNode values = Yaml.MAPPER.createObjectNode();
    ObjectNode at = values;
    String[] names = path.split("\\.", -1);
    for (int i = 0; i < names.length - 1; i++) {
      at = at.putObject(names[i]);
    }
    at.set(names[names.length - 1], Yaml.MAPPER.readTree(value));
    Path file = directory.resolve("values.yaml");
    Files.writeString(file, values.toString());
    Chart.render(file);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mountPoint | '\"var/lib/podproc\"'",
        "mountPoint | '\"/podproc\"'",
        "mountPoint | '\"/var/lib/../podproc\"'",
        "mountPoint | '\"/var/lib/podproc/\"'",
        "fullnameOverride | '\"Podproc\"'",
        "commonLabels | '{\"a\": 1}'",
        "commonLabels | '{\"a\": \"b c\"}'",
        "imagePullSecrets | '[\"mirror\"]'",
        "global.imageRegistry | 5",
        "daemon.image.pullPolicy | '\"Sometimes\"'",
        "daemon.image.digest | '\"sha256:abc\"'",
        "daemon.image.repository | '\"Podproc:1\"'",
        "webhook.image.tag | 1.0",
        "daemon.port | 80",
        "daemon.port | '\"9464\"'",
        "daemon.probePort | 80",
        "daemon.uiPort | 80",
        "daemon.resources.limits | '{\"memory\": \"lots\"}'",
        "daemon.resources | '{\"limit\": {}}'",
        "daemon.nodeLabel.enabled | '\"yes\"'",
        "daemon.tolerations | '[{\"operater\": \"Exists\"}]'",
        "daemon.affinity | '{\"nodes\": {}}'",
        "daemon.updateStrategy.maxUnavailable | 0",
        "daemon.updateStrategy.maxUnavailable | '\"half\"'",
        "daemon.terminationGracePeriodSeconds | -1",
        "daemon.settings.cpuPolicy | '\"cpu\"'",
        "daemon.settings.swap | '\"false\"'",
        "daemon.settings.samplerInterval | '\"five\"'",
        "daemon.settings.samplerInterval | 5",
        "daemon.settings.hostMaxAge | '\"0.1\"'",
        "daemon.extraEnv | '[{\"name\": \"A B\"}]'",
        "webhook.enabled | 1",
        "webhook.replicas | -1",
        "webhook.replicas | 1.5",
        "webhook.settings.files | '[\"meminfo\"]'",
        "webhook.settings.files | '[\"/proc/../etc/passwd\"]'",
        "webhook.settings.files | '[\"/etc/passwd\"]'",
        "webhook.settings.files | '[\"/proc/meminfo\", \"/proc/meminfo\"]'",
        "webhook.settings.files | '\"/proc/meminfo\"'",
        "webhook.settings.skipRuntimeClasses | '[\"a,b\"]'",
        "webhook.settings.defaultPodSecurity | '\"Restricted\"'",
        "webhook.settings.drain | '\"-5s\"'",
        "webhook.certificate.source | '\"selfSigned\"'",
        "webhook.certificate.certManager.duration | '\"90d\"'",
        "webhook.certificate.certManager.issuerRef | '{\"kind\": \"ClusterIssuer\"}'",
        "webhook.certificate.existingSecret.caBundle | '\"-----BEGIN\"'",
        "webhook.registration.failurePolicy | '\"ignore\"'",
        "webhook.registration.timeoutSeconds | 31",
        "webhook.registration.timeoutSeconds | 0",
        "webhook.registration.reinvocationPolicy | '\"Always\"'",
        "webhook.registration.excludedNamespaces | '[\"*\"]'",
        "webhook.registration.matchConditions | '[{\"expression\": \"true\"}]'",
        "webhook.podSecurityContext.runAsNonRoot | false",
        "webhook.podSecurityContext.runAsUser | 0",
        "webhook.securityContext.allowPrivilegeEscalation | true",
        "webhook.securityContext.capabilities | '{\"drop\": []}'",
        "webhook.networkPolicy.egress.apiServerCidrs | '[\"10.0.0.1\"]'",
        "webhook.networkPolicy.egress.apiServerPorts | '[]'",
        "monitoring.podMonitor.interval | 30",
        "monitoring.scrapers | '[{}]'",
        "monitoring.scrapers | '[{\"podSelektor\": {}}]'",
        "webhook.clientCertificates.authoritySecret | '\"a/b\"'",
        "monitoring.prometheusRule.certificateDays | 0",
        "tests.namespace | '\"\"'",
        "extraObjects | '[{\"kind\": \"ConfigMap\"}]'",
      })
  void aWrongValueIsNamed(String path, String value) {
    assertThatThrownBy(() -> render(path, value))
        .hasMessageContaining("values don't meet the specifications of the schema")
        .hasMessageContaining("at '/" + path.replace('.', '/'));
  }

  @Test
  void anExistingSecretMustBeNamedAndHaveItsCa() throws IOException {
    String source = "{\"source\": \"existingSecret\", \"existingSecret\": %s}";
    assertThatThrownBy(() -> render("webhook.certificate", source.formatted("{\"name\": \"a\"}")))
        .hasMessageContaining("/webhook/certificate/existingSecret/caBundle");
    assertThatThrownBy(
            () -> render("webhook.certificate", source.formatted("{\"caBundle\": \"YQ==\"}")))
        .hasMessageContaining("/webhook/certificate/existingSecret/name");
    render("webhook.certificate", source.formatted("{\"name\": \"a\", \"caBundle\": \"YQ==\"}"));
  }

  /** Else all looks well, and nothing is measured. */
  @Test
  void monitorsNeedToKnowWhoScrapes() throws IOException {
    for (String monitor : List.of("podMonitor", "serviceMonitor")) {
      String path = "monitoring." + monitor + ".enabled";
      assertThatThrownBy(() -> render(path, "true")).hasMessageContaining("monitoring.scrapers");
    }
    render(
        "monitoring",
        "{\"podMonitor\": {\"enabled\": true}, \"scrapers\": [{\"namespaceSelector\": {}}]}");
  }

  /** Wherever the chart has keys of its own. */
  @Test
  void aMisspeltKeyIsNamed() throws IOException {
    Map<String, JsonNode> objects = new TreeMap<>();
    collect("", Chart.values(), objects);
    assertThat(objects).hasSizeGreaterThan(35);
    for (String path : objects.keySet()) {
      assertThatThrownBy(() -> render(path.isEmpty() ? "misspelt" : path + ".misspelt", "[1]"))
          .as(path)
          .hasMessageContaining("misspelt");
    }
  }

  /** All objects whose keys are fixed: not labels and the like, nor what charts share. */
  private static void collect(String path, JsonNode value, Map<String, JsonNode> objects) {
    if (value.isObject()
        && !path.equals("global")
        && !path.matches(".*([lL]abels|[aA]nnotations|nodeSelector|nodeAffinity)")) {
      objects.put(path, value);
      value
          .properties()
          .forEach(entry ->
              collect(
                  path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(),
                  entry.getValue(),
                  objects));
    }
  }

  @Test
  void everyValueOfTheSchemaHasADefault() {
    List<String> missing = new ArrayList<>();
    compare(Yaml.read(Chart.DIRECTORY.resolve("values.schema.json")), "", Chart.values(), missing);
    assertThat(missing).isEmpty();
  }

  private static void compare(JsonNode schema, String path, JsonNode values, List<String> missing) {
    schema
        .path("properties")
        .properties()
        .forEach(property -> {
          String at = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
          if (at.matches("webhook\\.(podS|s)ecurityContext|.*issuerRef")) {
            return; // of Kubernetes's and cert-manager's making
          }
          if (property.getValue().path("deprecated").asBoolean()) {
            return; // a former name
          }
          if (!values.has(property.getKey())) {
            missing.add(at);
          } else if (values.path(property.getKey()).isObject()) {
            compare(property.getValue(), at, values.path(property.getKey()), missing);
          }
        });
  }

  @Test
  void theReadmeHasTheTableOfValues() throws IOException {
    String readme = Files.readString(README);
    Matcher table =
        Pattern.compile("(?s)(<!-- values: [^>]*-->\n)(.*?)(<!-- /values -->)").matcher(readme);
    assertThat(table.find()).isTrue();
    String rows = table();
    String expected =
        table.replaceFirst(m -> Matcher.quoteReplacement(m.group(1) + rows + m.group(3)));
    if (Boolean.getBoolean("readme.update")) {
      Files.writeString(README, expected);
    } else {
      assertThat(readme).as("run with -Dreadme.update=true").isEqualTo(expected);
    }
  }

  private static final Pattern LINE = Pattern.compile("( *)(#|[A-Za-z][A-Za-z0-9]*:)(.*)");

  /** A row for each comment that begins with two dashes, of the value below it. */
  private static String table() throws IOException {
    JsonNode values = Chart.values();
    StringBuilder table = new StringBuilder("| value | default | |\n|---|---|---|\n");
    List<String> path = new ArrayList<>();
    String description = "";
    for (String line : Files.readAllLines(Chart.VALUES)) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        continue;
      }
      String key = matcher.group(2);
      if (key.equals("#")) {
        description = matcher.group(3).startsWith(" -- ") ? matcher.group(3).substring(4) : "";
        continue;
      }
      while (path.size() > matcher.group(1).length() / 2) {
        path.removeLast();
      }
      path.add(key.substring(0, key.length() - 1));
      if (!description.isEmpty()) {
        String name = String.join(".", path);
        String value = values.at("/" + String.join("/", path)).toString();
        table.append(
            "| `%s` | %s | %s |%n"
                .formatted(
                    name,
                    value.length() > 40 ? "see values.yaml" : "`" + value + "`",
                    description.replace("|", "\\|")));
        description = "";
      }
    }
    return table.toString().replace(System.lineSeparator(), "\n");
  }

  @Test
  void everyValueIsDescribed() throws IOException {
    String table = table();
    List<String> missing = new ArrayList<>();
    undescribed("", Chart.values(), table, missing);
    assertThat(missing).isEmpty();
  }

  private static void undescribed(String path, JsonNode value, String table, List<String> missing) {
    if (table.contains("| `" + path + "` |")) {
      return;
    }
    if (!value.isObject()) {
      missing.add(path);
    }
    value
        .properties()
        .forEach(entry ->
            undescribed(
                path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(),
                entry.getValue(),
                table,
                missing));
  }
}
