// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reviews, each a {@code POST}, over TLS and HTTP/1.1. It is a server of its own, as limits must
 * hold from a connection's first packet on: Quarkus's tells of one only when its handshake is done.
 *
 * <p>Bodies are gathered by the event loops, so that a slow client costs memory alone, and only for
 * two seconds. Complete ones are reviewed by virtual threads: one that waits for the API server
 * holds up no other.
 */
public final class ReviewServer implements AutoCloseable {
  static final String JSON = "application/json";

  /** What a large body must bring at least, in each such time. */
  static final int LEAST_IN_WINDOW = 256 << 10;

  static final long RATE_WINDOW = Duration.ofMillis(500).toNanos();

  private static final long LOOKS_MILLIS = 250;
  private static final Duration LAST_ANSWERS = Duration.ofSeconds(10);

  /** Hears of what is done to clients. */
  public interface Events {
    /** A request was refused before it was looked into. */
    void refused(Refusal refusal);

    /** A review was answered. */
    void answered(Duration taken);

    /** A connection was closed from here. */
    void cut(Cut why);
  }

  private final Logger log = Logger.getLogger("podproc");
  private final String path;
  private final Function<byte[], Answer> reviews;
  private final Events events;
  private final Connections connections = new Connections();
  private final Handshakes handshakes = new Handshakes();
  private final Bodies bodies = new Bodies();
  private final Executor threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<ScheduledFuture<?>> looks = new ArrayList<>();
  private final Channel listener;
  private volatile boolean draining;

  /**
   * Listens.
   *
   * @param path of reviews; there is no other
   * @param reviews makes the answer to the body of a request; it may wait
   * @throws IOException if the port is taken, or the address not this machine's
   */
  public ReviewServer(
      InetSocketAddress address,
      String path,
      EventLoopGroup loops,
      SslContext tls,
      Function<byte[], Answer> reviews,
      Events events)
      throws IOException {
    this.path = path;
    this.reviews = reviews;
    this.events = events;
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, Connections.MAX)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(new Guests(tls))
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(bound.cause());
    }
    listener = bound.channel();
    for (EventExecutor loop : loops) {
      looks.add(
          loop.scheduleWithFixedDelay(
              () -> look(loop), LOOKS_MILLIS, LOOKS_MILLIS, TimeUnit.MILLISECONDS));
    }
  }

  private final class Guests extends ChannelInitializer<SocketChannel> {
    private final SslContext tls;

    Guests(SslContext tls) {
      this.tls = tls;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      Optional<Connection> admitted =
          connections.admit(
              channel.remoteAddress().getAddress(),
              peer -> new Connection(ReviewServer.this, channel, peer));
      if (admitted.isEmpty()) {
        events.cut(Cut.CROWDED);
        ChannelFuture _ = channel.close();
        return;
      }
      Connection connection = admitted.get();
      ChannelFuture _ = channel.closeFuture().addListener(closed -> connections.forget(connection));
      var _ =
          channel
              .pipeline()
              .addLast(new Hello(handshakes, connection, () -> secure(channel, connection)));
    }

    private SslHandler secure(Channel channel, Connection connection) {
      SslHandler handler = tls.newHandler(channel.alloc());
      var _ =
          channel
              .pipeline()
              .addLast(
                  handler,
                  connection.new HeadBegins(),
                  new HttpServerCodec(),
                  new HttpServerKeepAliveHandler(),
                  new HttpServerExpectContinueHandler(),
                  new FlowControlHandler(),
                  connection);
      return handler;
    }
  }

  private void look(EventExecutor loop) {
    try {
      long now = System.nanoTime();
      connections.of(loop).forEach(connection -> connection.look(now));
    } catch (RuntimeException | Error e) {
      log.error("can't look after connections", e);
    }
  }

  /** Has it reviewed by a thread of its own. */
  void review(Bodies.Claim claim, byte[] body, Consumer<Answer> answered) {
    threads.execute(() -> {
      try (claim) {
        claim.review(() -> answered.accept(answer(body)));
      }
    });
  }

  private Answer answer(byte[] body) {
    try {
      return reviews.apply(body);
    } catch (RuntimeException | Error e) {
      log.errorf("a review failed: %s", e.getClass().getName());
      return Answer.refusal(500, "a review failed");
    }
  }

  boolean isOfReviews(String path) {
    return path.equals(this.path);
  }

  static boolean isJson(@Nullable String type) {
    return type != null && type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals(JSON);
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** From now on each answer is the last of its connection, so that clients go elsewhere. */
  public void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  Connections connections() {
    return connections;
  }

  Bodies bodies() {
    return bodies;
  }

  Events events() {
    return events;
  }

  /** Takes no more connections, answers what is under way, within ten seconds, and closes all. */
  @Override
  public void close() {
    draining = true;
    ChannelFuture _ = listener.close().awaitUninterruptibly();
    long end = System.nanoTime() + LAST_ANSWERS.toNanos();
    while (connections.areBusy() && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
    connections.closeAll();
    looks.forEach(look -> look.cancel(false));
  }
}
