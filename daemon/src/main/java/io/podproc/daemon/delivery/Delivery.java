// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.log.Log;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Sees to it that containers have what they should have: those of a pod at once when that has
 * changed, and all at the start and each minute, whatever was missed before. A container of which
 * nothing is known is left as it is.
 */
public final class Delivery implements StartListener, AutoCloseable {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** At once: one that does not answer holds up no other. */
  private static final int VISITORS = 8;

  private static final Duration GOODBYE = Duration.ofSeconds(2);

  /** After what should not have happened. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Source source;
  private final Attacher attacher;
  private final DesiredState desired;
  private final Visits visits = new Visits();
  private final Duration period;
  private final ThreadPoolExecutor visitors;
  private final Thread thread;

  /** By container: whether it is to be visited again, for something changed during the visit. */
  @GuardedBy("inHand")
  private final Map<String, Boolean> inHand = new HashMap<>();

  @GuardedBy("this")
  private Set<String> changed = new HashSet<>();

  private volatile boolean closed;

  private Delivery(Source source, Attacher attacher, DesiredState desired, Duration period) {
    this.source = source;
    this.attacher = attacher;
    this.desired = desired;
    this.period = period;
    visitors =
        new ThreadPoolExecutor(
            VISITORS,
            VISITORS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // of one for each container at most
            Thread.ofPlatform().daemon().name("delivering-", 0).factory());
    visitors.allowCoreThreadTimeOut(true);
    thread = Thread.ofPlatform().daemon().name("delivery").unstarted(this::run);
  }

  /**
   * Is to deliver what the source tells, once it begins.
   *
   * @param runDirectory where it is remembered what pods should have
   */
  public static Delivery of(
      Source source, Attacher attacher, DeliveryRules rules, Optional<Path> runDirectory) {
    return of(source, attacher, rules, runDirectory, MINUTE);
  }

  static Delivery of(
      Source source,
      Attacher attacher,
      DeliveryRules rules,
      Optional<Path> runDirectory,
      Duration period) {
    return new Delivery(
        source,
        attacher,
        new DesiredState(
            source, runDirectory.map(directory -> new LastKnown(directory, rules.files()))),
        period);
  }

  /** Is to tell that one, too, once it begins. */
  public Delivery telling(ViewListener listener) {
    desired.telling(listener);
    return this;
  }

  /** Tells who is to serve what pods asked to be shown when it was last known. Takes little. */
  public void recall() {
    desired.recall();
  }

  /** Begins, in the background, when this daemon's turn has come: of two, one delivers. */
  public void begin() {
    thread.start();
  }

  /** How often a container was visited that ended so. */
  public long count(Result result) {
    return visits.count(result);
  }

  /** How many files were laid over containers' own. */
  public long attached() {
    return visits.attached();
  }

  /** How many files were taken away. */
  public long detached() {
    return visits.detached();
  }

  /** What is known of a pod; empty where nothing is. */
  public Optional<PodStatus> standing(String podUid) {
    return source.standing(podUid);
  }

  /** What a pod should have by what was known before it could be told; empty where nothing was. */
  public Optional<DesiredFiles> remembered(String podUid) {
    return desired.remembered(podUid);
  }

  /** What came of the last visit to a container; empty where there was none. */
  public Optional<Outcome> last(String containerId) {
    return visits.last(containerId);
  }

  @Override
  public Optional<DesiredFiles> wanted(PodContainer container) {
    return desired.of(container.podUid()).filter(wanted -> !wanted.files().isEmpty());
  }

  /** Leaves all containers as they are. Takes two seconds at most. */
  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      notifyAll();
    }
    visitors.shutdown();
    try {
      thread.join(GOODBYE);
      var _ = visitors.awaitTermination(GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    boolean asks = false;
    long lookedAt = System.nanoTime() - period.toNanos();
    while (!closed) {
      try {
        if (!asks) {
          desired.read();
          source.begin(this::changed);
          asks = true;
        }
        long untilLook = period.toNanos() - (System.nanoTime() - lookedAt);
        Set<String> pods = untilLook > 0 ? await(untilLook) : Set.of();
        if (closed) {
          return;
        }
        if (pods.isEmpty()) {
          lookedAt = System.nanoTime();
          look();
        } else {
          visit(pods);
        }
      } catch (InterruptedException e) {
        return;
      } catch (Throwable e) { // whatever it is, the next look is due
        Log.error("a look at what containers should have failed", e);
        lookedAt = System.nanoTime();
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private synchronized void changed(Collection<String> podUids) {
    changed.addAll(podUids);
    notifyAll();
  }

  /**
   * Pods whose desired state changed; none where none did for so long.
   *
   * @param nanos at least one
   */
  private synchronized Set<String> await(long nanos) throws InterruptedException {
    long begun = System.nanoTime();
    while (changed.isEmpty() && !closed) {
      long left = nanos - (System.nanoTime() - begun);
      if (left <= 0) {
        return Set.of();
      }
      TimeUnit.NANOSECONDS.timedWait(this, left + TimeUnit.MILLISECONDS.toNanos(1));
    }
    Set<String> taken = changed;
    changed = new HashSet<>();
    return taken;
  }

  private void visit(Set<String> pods) {
    desired.remember(pods);
    attacher.containers().stream()
        .filter(container -> pods.contains(container.podUid()))
        .forEach(this::visit);
  }

  /** At all containers. */
  private void look() {
    List<PodContainer> running = attacher.containers();
    Set<String> pods = running.stream().map(PodContainer::podUid).collect(Collectors.toSet());
    desired.remember(pods);
    running.forEach(this::visit);
    Set<String> ids = running.stream().map(PodContainer::containerId).collect(Collectors.toSet());
    visits.retain(ids);
    desired.forgetAllBut(pods);
  }

  private void visit(PodContainer container) {
    synchronized (inHand) {
      if (inHand.replace(container.containerId(), true) != null) {
        return;
      }
      inHand.put(container.containerId(), false);
    }
    try {
      visitors.execute(() -> deliver(container));
    } catch (RejectedExecutionException e) {
      // closed
    }
  }

  private void deliver(PodContainer container) {
    try {
      desired.remember(List.of(container.podUid()));
      desired.of(container.podUid()).ifPresent(wanted -> bring(container, wanted));
    } catch (Throwable e) { // all others are to be visited, too
      visits.failed(container);
      Log.error("a container could not be visited", e);
    } finally {
      boolean again;
      synchronized (inHand) {
        again = Boolean.TRUE.equals(inHand.remove(container.containerId()));
      }
      if (again) {
        visit(container);
      }
    }
  }

  private void bring(PodContainer container, DesiredFiles wanted) {
    if (!wanted.files().isEmpty() || visits.isDue(container)) {
      visits.add(
          container,
          wanted.files().isEmpty(),
          attacher.bring(container, wanted.files(), wanted.explicitly()));
    }
  }
}
