// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which images the cluster runs, and whether it pulls them. {@code e2e/kind.sh --help} lists the
 * settings.
 */
final class Images {
  private static final Pattern IN_MANIFEST =
      Pattern.compile("^( *)image: E2E_POD_IMAGE$", Pattern.MULTILINE);

  private final Map<String, String> settings;

  /**
   * @param settings the environment
   */
  Images(Map<String, String> settings) {
    this.settings = settings;
  }

  /** What pods of the suite run. */
  String pod() {
    String registry = setting("E2E_REGISTRY");
    String image = setting("E2E_POD_IMAGE");
    if (!image.isEmpty()) {
      return image;
    }
    return (registry.isEmpty() ? "docker.io/library" : registry) + "/ubuntu:24.04";
  }

  private String pullPolicy() {
    String policy = setting("E2E_PULL_POLICY");
    return policy.isEmpty() ? "IfNotPresent" : policy;
  }

  /** A manifest of {@code src/test/resources/pods}, with what its containers run. */
  String in(String manifest) {
    String told = "$1image: " + Matcher.quoteReplacement(pod()) + "\n$1imagePullPolicy: ";
    return IN_MANIFEST.matcher(manifest).replaceAll(told + pullPolicy());
  }

  /** The image of {@code helm test}, as the chart wants it. */
  Map<String, Object> ofTests() {
    return parts(pod());
  }

  /**
   * An image of podproc's, as the chart wants it: named by a setting, or else the one that the
   * chart names, of the registry that is set.
   */
  Map<String, Object> ofChart(String setting) {
    String image = setting(setting);
    if (!image.isEmpty()) {
      return parts(image);
    }
    String registry = setting("E2E_REGISTRY");
    return registry.isEmpty()
        ? Map.of("pullPolicy", pullPolicy())
        : Map.of("registry", registry, "pullPolicy", pullPolicy());
  }

  /** Whether a setting names an image, or a chart. */
  boolean names(String setting) {
    return !setting(setting).isEmpty();
  }

  /**
   * "NAME:TAG" or "NAME@DIGEST". What comes before the first slash is a registry where it has a dot
   * or a port, or is localhost.
   */
  private Map<String, Object> parts(String image) {
    Map<String, Object> parts = new HashMap<>(Map.of("pullPolicy", pullPolicy()));
    int at = image.indexOf('@');
    String name = at < 0 ? image : image.substring(0, at);
    if (at >= 0) {
      parts.put("digest", image.substring(at + 1));
    }
    int colon = name.lastIndexOf(':');
    boolean tagged = colon > name.lastIndexOf('/');
    parts.put("tag", tagged ? name.substring(colon + 1) : "latest");
    name = tagged ? name.substring(0, colon) : name;
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean elsewhere = first.contains(".") || first.contains(":") || first.equals("localhost");
    parts.put("registry", elsewhere ? first : "");
    parts.put("repository", elsewhere ? name.substring(slash + 1) : name);
    return parts;
  }

  private String setting(String name) {
    return settings.getOrDefault(name, "");
  }
}
