// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** Debian's Chromium, without a screen, and with one page. */
final class Browser implements AutoCloseable {
  private static final int WIDTH = 1280;
  private static final Pattern REQUEST =
      Pattern.compile(
          "\"method\":\"Network.requestWillBeSent\".*?\"request\":\\{.*?\"url\":\"([^\"]+)\"");

  private final ChromeDriver driver;

  /** Selenium has a log of its own, which warns of each version of Chromium that is new to it. */
  private static final Logger LOG = Logger.getLogger("org.openqa.selenium");

  Browser() {
    LOG.setLevel(Level.SEVERE);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options =
        new ChromeOptions()
            .addArguments(
                "--headless",
                "--no-sandbox", // it refuses to be root's with one
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--window-size=" + WIDTH + ",900");
    options.setBinary("/usr/bin/chromium");
    options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(new File("/usr/bin/chromedriver"))
            .usingAnyFreePort()
            .build();
    driver = new ChromeDriver(service, options);
  }

  void open(String url) {
    driver.get(url);
  }

  String title() {
    return Objects.requireNonNull(driver.getTitle());
  }

  /** What is seen of the first element that a selector of CSS means; empty where there is none. */
  String text(String selector) {
    return driver.findElements(By.cssSelector(selector)).stream()
        .filter(element -> element.isDisplayed())
        .map(element -> element.getText())
        .findFirst()
        .orElse("");
  }

  int count(String selector) {
    return driver.findElements(By.cssSelector(selector)).size();
  }

  void click(String selector) {
    driver.findElement(By.cssSelector(selector)).click();
  }

  /** What has the focus, by its text. */
  String focus() {
    return driver.switchTo().activeElement().getText();
  }

  /** To whatever has the focus. */
  void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  void press(Keys key) {
    press((CharSequence) key);
  }

  Object script(String script) {
    return Objects.requireNonNull(driver.executeScript(script));
  }

  /** What the user prefers: light or dark. */
  void prefer(String scheme) {
    cdp(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /** All of the page. */
  void picture(Path file) {
    Object height = script("return document.documentElement.scrollHeight");
    cdp(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", WIDTH, "height", height, "deviceScaleFactor", 1, "mobile", false));
    try {
      Path _ = Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cdp("Emulation.clearDeviceMetricsOverride", Map.of());
  }

  private void cdp(String command, Map<String, Object> parameters) {
    Map<String, Object> _ = driver.executeCdpCommand(command, parameters);
  }

  /** Whom pages have asked since this was last called. */
  List<String> requests() {
    return driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
        .map(LogEntry::getMessage)
        .flatMap(message -> REQUEST.matcher(message).results())
        .map(MatchResult::group)
        .map(found -> REQUEST.matcher(found).replaceFirst("$1"))
        .toList();
  }

  /** What its console says that is an error, or was refused by the page's policy. */
  List<String> errors() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  @Override
  public void close() {
    driver.quit();
  }
}
