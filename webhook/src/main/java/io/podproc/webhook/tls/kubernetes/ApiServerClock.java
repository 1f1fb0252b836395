// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.podproc.webhook.log.Complaints;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Compares this node's clock with the API server's, by the Date of an answer (RFC 9110, 6.6.1):
 * certificates that a wrong clock makes are of no use to anybody else.
 */
public final class ApiServerClock {
  /** By how much clocks may differ. */
  public static final Duration TOLERANCE = Duration.ofMinutes(5);

  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final KubernetesClient client;
  private final InstantSource clock;
  private final Complaints complaints;

  public ApiServerClock(KubernetesClient client, InstantSource clock, Complaints complaints) {
    this.client = client;
    this.clock = clock;
    this.complaints = complaints;
  }

  /** Asks. An API server that does not answer, or tells no time, contradicts nobody. */
  public boolean contradicts() {
    try {
      Instant before = clock.instant();
      String date = date();
      Instant told = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
      Duration ahead = Duration.between(told, before);
      if (ahead.abs().compareTo(TOLERANCE) <= 0) {
        return false;
      }
      complaints.about(
          "this node's clock is wrong, and makes no certificate",
          "it is "
              + ahead.abs().toSeconds()
              + " s "
              + (ahead.isNegative() ? "behind" : "ahead of")
              + " the API server's");
      return true;
    } catch (ExecutionException | TimeoutException | DateTimeException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Empty where there is none. */
  private String date() throws ExecutionException, TimeoutException, InterruptedException {
    HttpClient http = client.getHttpClient();
    String date =
        http.sendAsync(
                http.newHttpRequestBuilder()
                    .uri(URI.create(client.getMasterUrl() + "version"))
                    .build(),
                byte[].class)
            .get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
            .header("Date");
    return date == null ? "" : date;
  }
}
