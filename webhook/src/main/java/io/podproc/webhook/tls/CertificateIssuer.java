// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.kubernetes.ApiServerClock;
import io.podproc.webhook.tls.kubernetes.Leadership;
import io.podproc.webhook.tls.kubernetes.RegisteredWebhook;
import io.podproc.webhook.tls.kubernetes.Registration;
import io.podproc.webhook.tls.kubernetes.Watched;
import io.podproc.webhook.tls.x509.Authority;
import java.net.HttpURLConnection;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code certificate-source=self}: each replica serves what the Secret holds, and one of them, the
 * leader, sees to it that this does not end and that the API server trusts it.
 */
final class CertificateIssuer implements Certificates {
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  /** A Secret as it was written, and the version that this replaced. */
  private record Written(Secret secret, String replaced) {}

  private final CertificateSettings settings;
  private final Served served;
  private final Served.Events events;
  private final Complaints complaints;
  private final InstantSource clock;
  private final Rotation rotation;
  private final String what;
  private final KubernetesClient client;
  private final Resource<Secret> resource;
  private final Watched<Secret> watched;
  private final RegisteredWebhook registered;
  private final ApiServerClock apiServerClock;
  private final Leadership leadership;

  // Renewing the Lease does not wait for what else there is to do.
  private final ScheduledExecutorService elections = Executors.newSingleThreadScheduledExecutor();
  private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor();

  // Of the thread that looks.
  private @Nullable Written written;
  private @Nullable X509Certificate authority;
  private Duration retry = FIRST_RETRY;

  CertificateIssuer(
      CertificateSettings settings,
      KubernetesClient client,
      Served served,
      Served.Events events,
      Complaints complaints,
      InstantSource clock) {
    this.settings = settings;
    this.served = served;
    this.events = events;
    this.complaints = complaints;
    this.clock = clock;
    this.rotation = new Rotation(settings);
    this.what = "Secret " + settings.secret();
    this.client = client;
    this.resource = client.secrets().inNamespace(settings.namespace()).withName(settings.secret());
    this.watched = new Watched<>(resource, what, complaints, this::lookSoon);
    this.registered =
        new RegisteredWebhook(
            client, settings.webhookConfiguration(), clock, complaints, this::lookSoon);
    this.apiServerClock = new ApiServerClock(client, clock, complaints);
    this.leadership =
        new Leadership(
            client,
            settings.namespace(),
            settings.lease(),
            identity(),
            settings.leaseDuration(),
            elections,
            apiServerClock,
            complaints,
            this::lookSoon);
  }

  /** The pod's name, for people; and something that a container started anew does not share. */
  private static String identity() {
    return Objects.requireNonNullElse(System.getenv("HOSTNAME"), "podproc")
        + "_"
        + UUID.randomUUID();
  }

  void start() {
    watched.start();
    registered.start();
    leadership.stand();
    long period = settings.period().toMillis();
    var _ = looks.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
  }

  private void lookSoon() {
    try {
      looks.execute(this::look);
    } catch (RejectedExecutionException e) {
      // It is closed.
    }
  }

  /** Does what is due. */
  private void look() {
    try {
      Optional<Secret> secret = secret();
      if (secret.isPresent()) {
        keep(secret.get());
      } else if (watched.isTold()) {
        complaints.about("no " + what, "it must exist, be it empty");
      }
      retry = FIRST_RETRY;
    } catch (RuntimeException e) {
      if (e instanceof KubernetesClientException refused && isOvertaken(refused)) {
        // What was written meanwhile is on its way here, and will be looked at.
        return;
      }
      complaints.about("can't renew certificates", Watched.reason(e));
      retryLater();
    }
  }

  private void keep(Secret secret) {
    Map<String, String> data = Objects.requireNonNullElse(secret.getData(), Map.of());
    SecretContents.Reading reading = SecretContents.read(data);
    serve(reading.contents());
    if (SecretContents.isOfLaterVersion(data)) {
      complaints.about(what + " is of a later release", "this one leaves it as it is");
      return;
    }
    if (!reading.damage().isEmpty()) {
      complaints.about(what + " is damaged", String.join("; ", reading.damage()));
    }
    Optional<Registration> registration = registered.registration();
    if (!leadership.isHeld() || registration.isEmpty()) {
      return;
    }
    SecretContents next = rotation.next(reading.contents(), registration.get(), clock.instant());
    boolean due = !next.equals(reading.contents()) || !reading.damage().isEmpty();
    if (due && apiServerClock.contradicts()) {
      return;
    }
    if (due) {
      write(secret, next.data(data));
      serve(next);
      lookSoon();
    } else if (!registration.get().isOnly(next.bundle()) && isLatest(secret)) {
      registered.trust(next.bundle());
    }
  }

  private void serve(SecretContents contents) {
    contents
        .serving()
        .flatMap(served::offer)
        .ifPresent(problem -> complaints.about("the certificate in " + what, problem));
    contents
        .current()
        .map(Authority::certificate)
        .filter(certificate -> !certificate.equals(authority))
        .ifPresent(certificate -> {
          authority = certificate;
          events.authority(certificate);
        });
  }

  /** The Secret as it was told last, or as it was written since. */
  private Optional<Secret> secret() {
    Written mine = written;
    return watched
        .latest()
        .map(told -> mine != null && version(told).equals(mine.replaced) ? mine.secret : told);
  }

  /** Refused by the API server if the Secret is another by now. */
  private void write(Secret secret, Map<String, String> data) {
    Secret changed = client.resource(new SecretBuilder(secret).withData(data).build()).update();
    written = new Written(changed, version(secret));
  }

  /** Whether no other leader, who is elected since, has written: its CAs must stay trusted. */
  private boolean isLatest(Secret secret) {
    Secret latest = resource.get();
    return latest != null && version(latest).equals(version(secret));
  }

  private static String version(Secret secret) {
    return secret.getMetadata().getResourceVersion();
  }

  private static boolean isOvertaken(KubernetesClientException refused) {
    return refused.getCode() == HttpURLConnection.HTTP_CONFLICT;
  }

  private void retryLater() {
    try {
      var _ = looks.schedule(this::look, retry.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      return;
    }
    Duration longer = retry.multipliedBy(2);
    retry = longer.compareTo(settings.period()) < 0 ? longer : settings.period();
  }

  @Override
  public Served.Readiness readiness() {
    return served.readiness(registered);
  }

  /** Lets another replica lead at once, if the API server can be told soon. */
  @Override
  public void close() {
    looks.shutdownNow();
    Thread farewell = Thread.ofPlatform().daemon().start(leadership::close);
    try {
      boolean _ = farewell.join(FAREWELL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    elections.shutdownNow();
    watched.close();
    registered.close();
  }
}
