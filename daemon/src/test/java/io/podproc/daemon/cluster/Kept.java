// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What a watch tells, as words in their order, and what is known by it. */
final class Kept implements io.podproc.daemon.cluster.ObjectStore {
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  final Map<String, Metadata> known = new ConcurrentHashMap<>();

  @Override
  public void all(Collection<Metadata> objects) {
    known.clear();
    objects.forEach(object -> known.put(object.uid(), object));
    told.add("all " + String.join(" ", known.keySet().stream().sorted().toList()));
  }

  @Override
  public void some(Collection<Metadata> objects) {
    known.clear();
    objects.forEach(object -> known.put(object.uid(), object));
    told.add("some " + known.size());
  }

  @Override
  public void put(Metadata object) {
    known.put(object.uid(), object);
    told.add("put " + object.uid());
  }

  @Override
  public void remove(Metadata object) {
    known.remove(object.uid());
    told.add("remove " + object.uid());
  }

  Metadata get(String uid) {
    return Objects.requireNonNull(known.get(uid), uid);
  }

  void assertNext(String word) throws InterruptedException {
    @Nullable String next = told.poll(20, TimeUnit.SECONDS);
    assertThat(Objects.requireNonNullElse(next, "nothing")).isEqualTo(word);
  }

  void assertNextBegins(String words) throws InterruptedException {
    @Nullable String next = told.poll(20, TimeUnit.SECONDS);
    assertThat(Objects.requireNonNullElse(next, "nothing")).startsWith(words);
  }

  void assertNothingWithin(long millis) throws InterruptedException {
    assertThat(told.poll(millis, TimeUnit.MILLISECONDS)).isNull();
  }
}
