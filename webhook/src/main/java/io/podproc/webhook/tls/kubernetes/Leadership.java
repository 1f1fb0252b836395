// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.podproc.webhook.log.Complaints;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Whether this replica is the one that makes certificates. It stands for election for ever. */
public final class Leadership implements AutoCloseable {
  private final KubernetesClient client;
  private final LeaderElectionConfig election;
  private final Duration retry;
  private final ScheduledExecutorService executor;
  private final ApiServerClock clock;
  private final Complaints complaints;
  private volatile boolean held;
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<?> running;

  /**
   * @param identity tells the replicas apart
   * @param silence after which another replica may take over
   * @param gained is called when this replica has become the leader
   */
  public Leadership(
      KubernetesClient client,
      String namespace,
      String lease,
      String identity,
      Duration silence,
      ScheduledExecutorService executor,
      ApiServerClock clock,
      Complaints complaints,
      Runnable gained) {
    this.client = client;
    this.retry = silence.dividedBy(7);
    this.executor = executor;
    this.clock = clock;
    this.complaints = complaints;
    this.election =
        new LeaderElectionConfig(
            new ExistingLease(namespace, lease, identity),
            silence,
            silence.multipliedBy(2).dividedBy(3),
            retry,
            new LeaderCallbacks(
                () -> {
                  held = true;
                  gained.run();
                },
                () -> held = false,
                leader -> {}),
            true,
            lease);
  }

  public void stand() {
    if (closed) {
      return;
    }
    CompletableFuture<?> elected = new LeaderElector(client, election, executor).start();
    running = elected;
    var _ =
        elected.whenComplete((done, failure) -> {
          held = false;
          if (!closed) {
            var _ = executor.schedule(this::stand, retry.toMillis(), TimeUnit.MILLISECONDS);
          }
        });
  }

  public boolean isHeld() {
    return held;
  }

  @Override
  public void close() {
    closed = true;
    CompletableFuture<?> elected = running;
    if (elected != null) {
      boolean _ = elected.cancel(true);
    }
  }

  /** A Lease that is there from the beginning, at first with nothing in it. */
  private final class ExistingLease extends LeaseLock {
    private final String name;

    ExistingLease(String namespace, String name, String identity) {
      super(namespace, name, identity);
      this.name = name;
    }

    @Override
    public synchronized LeaderElectionRecord get(KubernetesClient client) {
      LeaderElectionRecord record;
      try {
        record = super.get(client);
      } catch (RuntimeException e) {
        throw complained("can't read Lease ", e);
      }
      if (record == null) {
        complaints.about("no Lease " + name, "no replica can renew the certificate");
        throw new KubernetesClientException("no Lease " + name);
      }
      return record;
    }

    @Override
    public synchronized void update(KubernetesClient client, LeaderElectionRecord record) {
      if (clock.contradicts()) {
        // Who can't renew the Lease lets another lead.
        throw new KubernetesClientException("this node's clock is wrong");
      }
      try {
        super.update(client, record);
      } catch (RuntimeException e) {
        throw complained("can't write Lease ", e);
      }
    }

    /** Of any other exception the elector would end. */
    private KubernetesClientException complained(String what, RuntimeException failure) {
      if (failure instanceof KubernetesClientException refused) {
        if (refused.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          complaints.about(what + name, Watched.reason(refused));
        }
        return refused;
      }
      complaints.about(what + name, failure);
      return new KubernetesClientException(what + name, failure);
    }

    @Override
    protected LeaderElectionRecord toRecord(Lease lease) {
      var spec = lease.getSpec();
      if (spec == null
          || spec.getLeaseDurationSeconds() == null
          || spec.getAcquireTime() == null
          || spec.getRenewTime() == null) {
        var never = Instant.EPOCH.atZone(ZoneOffset.UTC);
        return new LeaderElectionRecord(null, Duration.ZERO, never, never, 0);
      }
      return super.toRecord(lease);
    }
  }
}
