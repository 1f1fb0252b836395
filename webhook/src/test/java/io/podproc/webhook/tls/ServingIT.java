// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.webhook.tls.kubernetes.Registration;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

/** The packaged webhook's ports while it has a certificate, and while it has none. */
class ServingIT {
  private static List<X509Certificate> trusted(ApiServer api) {
    return Registration.of(api.configuration().get(), Clock.systemUTC().instant())
        .bundles()
        .getFirst();
  }

  @Test
  void tls12And13AreServedToWhoTrustsTheBundle() throws IOException, GeneralSecurityException {
    try (ApiServer api = new ApiServer();
        WebhookProcess webhook = new WebhookProcess("one", api, List.of())) {
      webhook.awaitReady();
      for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
        try (TlsClient client = new TlsClient(webhook.port(), trusted(api), protocol)) {
          assertThat(client.protocol()).isEqualTo(protocol);
          assertThat(client.request()).isEqualTo(404);
        }
      }
    }
  }

  @Test
  void withoutAnApiServerItWaitsAndSaysSoOnce() throws Exception {
    try (ApiServer api = new ApiServer()) {
      api.goAway();
      try (WebhookProcess webhook = new WebhookProcess("one", api, List.of())) {
        Waiting.until(() -> assertThat(webhook.get("/q/health/live").statusCode()).isEqualTo(200));
        assertThat(webhook.get("/q/health/ready").statusCode()).isEqualTo(503);
        assertThat(webhook.get("/q/health/ready").body()).contains("no certificate yet");
        assertThatThrownBy(() ->
                new TlsClient(webhook.port(), List.of(SecretContentsTest.CURRENT.certificate())))
            .isInstanceOf(SSLException.class);
        Waiting.until(
            () -> assertThat(webhook.output()).contains("can't read Secret podproc-webhook-tls"));
        api.comeBack();
        webhook.awaitReady();
        assertThat(webhook.output())
            .containsOnlyOnce("can't read Secret")
            .containsOnlyOnce("can't read Lease")
            .containsOnlyOnce("INFO  serving certificate ")
            .doesNotContain("\tat ");
      }
    }
  }

  @Test
  void aValidityOutOfRangeEndsTheStart() {
    try (ApiServer api = new ApiServer();
        WebhookProcess webhook =
            new WebhookProcess("one", api, List.of("-Dpodproc.certificate-validity=1s"))) {
      assertThat(webhook.awaitExit()).isEqualTo(1);
      assertThat(webhook.output())
          .contains("podproc.certificate-validity must be from 30 s to 397 days, not PT1S");
    }
  }
}
