// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a client says in its handshake, packet by packet, each kept until its turn: until the first
 * one's it costs that packet's memory, and nothing of TLS. No more is read meanwhile, as the
 * channel reads nothing by itself before the handshake's end. What each of them takes is counted.
 */
final class Hello extends ChannelInboundHandlerAdapter implements Handshakes.Waiting {
  private final Handshakes handshakes;
  private final Connection connection;
  private final Supplier<SslHandler> secure;
  private final Queue<Object> kept = new ArrayDeque<>();
  private @Nullable ChannelHandlerContext context;
  private @Nullable SslHandler tls;

  /**
   * @param secure makes the rest of the pipeline
   */
  Hello(Handshakes handshakes, Connection connection, Supplier<SslHandler> secure) {
    this.handshakes = handshakes;
    this.connection = connection;
    this.secure = secure;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    this.context = context;
    ChannelHandlerContext _ = context.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    boolean first = kept.isEmpty();
    boolean _ = kept.add(bytes);
    if (first) {
      handshakes.await(connection.peer(), this);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    // Its turn is where it ends.
  }

  @Override
  public EventExecutor loop() {
    return connection.loop();
  }

  @Override
  public void begin() {
    ChannelHandlerContext present = context;
    if (kept.isEmpty() || present == null || connection.isLeaving()) {
      return;
    }
    long start = System.nanoTime();
    SslHandler handler = tls;
    if (handler == null) {
      handler = secure.get();
      tls = handler;
    }
    for (Object bytes = kept.poll(); bytes != null; bytes = kept.poll()) {
      ChannelHandlerContext _ = present.fireChannelRead(bytes);
    }
    // Here TLS sends what it has to say, and reads on.
    ChannelHandlerContext _ = present.fireChannelReadComplete();
    handshakes.spent(System.nanoTime() - start);
    if (handler.handshakeFuture().isSuccess() && !present.isRemoved()) {
      var _ = present.pipeline().remove(this);
      var _ = present.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    handshakes.forget(connection.peer(), this);
    for (Object bytes = kept.poll(); bytes != null; bytes = kept.poll()) {
      boolean _ = ReferenceCountUtil.release(bytes);
    }
    ChannelHandlerContext _ = context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    // A client that is gone.
    connection.close();
  }
}
