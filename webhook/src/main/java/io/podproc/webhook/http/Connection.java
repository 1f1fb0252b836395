// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection, on its event loop: a request and its answer at a time. Whatever it waits for has
 * a deadline, which {@link #look} holds it to.
 */
final class Connection extends SimpleChannelInboundHandler<HttpObject> {
  private static final long HANDSHAKE = Duration.ofSeconds(3).toNanos();

  /** From the end of the handshake to the first request, and after one that was no review. */
  private static final long UNPROVEN = Duration.ofSeconds(5).toNanos();

  static final long HEAD = Duration.ofSeconds(2).toNanos();
  static final long BODY = Duration.ofSeconds(2).toNanos();

  /** The longest that an API server waits for an answer, and for taking it. */
  private static final long ANSWER = Duration.ofSeconds(30).toNanos();

  private static final long FAREWELL = Duration.ofSeconds(1).toNanos();

  /** Longer than the API server keeps a connection that it does not use (90 s): it closes first. */
  private static final long IDLE = Duration.ofMinutes(3).toNanos();

  private final ReviewServer server;
  private final Channel channel;
  private final Peer peer;
  private long deadline = System.nanoTime() + HANDSHAKE;
  private @Nullable Exchange exchange;
  private boolean inHead;
  private volatile boolean idle = true;
  private volatile boolean reviewed;
  private volatile boolean leaving;

  Connection(ReviewServer server, Channel channel, Peer peer) {
    this.server = server;
    this.channel = channel;
    this.peer = peer;
  }

  Peer peer() {
    return peer;
  }

  EventExecutor loop() {
    return channel.eventLoop();
  }

  /** Whether no request is under way. Any thread may ask. */
  boolean isIdle() {
    return idle;
  }

  /** Whether it ever brought a review. Any thread may ask. */
  boolean hasReviewed() {
    return reviewed;
  }

  /** Whether it had to give way. Any thread may ask. */
  boolean isLeaving() {
    return leaving;
  }

  /** From any thread. */
  void close() {
    ChannelFuture _ = channel.close();
  }

  /** Tells of bytes that come where none are due: the head of a request must end in time. */
  final class HeadBegins extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
      if (exchange == null && !inHead) {
        inHead = true;
        deadline = System.nanoTime() + HEAD;
      }
      ChannelHandlerContext _ = context.fireChannelRead(bytes);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event instanceof SslHandshakeCompletionEvent) {
      deadline = System.nanoTime() + UNPROVEN;
    }
    super.userEventTriggered(context, event);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
    if (message instanceof HttpRequest request) {
      begin(request);
    }
    Exchange present = exchange;
    if (present != null && message instanceof HttpContent content) {
      present.add(content.content());
      if (content instanceof LastHttpContent) {
        present.end();
      }
    }
  }

  private void begin(HttpRequest request) {
    inHead = false;
    idle = false;
    long now = System.nanoTime();
    deadline = now + BODY;
    Exchange begun = new Exchange(now);
    exchange = begun;
    if (request.decoderResult().isFailure()) {
      begun.refuse(Refusal.MALFORMED, "not a request of HTTP/1.1");
      deadline = now + FAREWELL;
      return;
    }
    begun.begin(request);
  }

  /** Once in a while: whether something is overdue. */
  void look(long now) {
    Exchange present = exchange;
    if (now - deadline > 0 || (present != null && present.isStalled(now))) {
      if (present == null || !present.expire()) {
        server.events().cut(reviewed ? Cut.IDLE : Cut.UNPROVEN);
        close();
      }
    }
  }

  /** Others need the room. From any thread. */
  void evict(boolean atOnce) {
    leaving = true;
    server.events().cut(Cut.CROWDED);
    if (atOnce) {
      close();
    } else {
      // Who is closed at once connects anew at once.
      var _ = channel.config().setAutoRead(false);
      var _ = channel.eventLoop().schedule(this::close, FAREWELL, TimeUnit.NANOSECONDS);
    }
  }

  /** Tells of its end. */
  void onClose(Runnable then) {
    ChannelFuture _ = channel.closeFuture().addListener(closed -> then.run());
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    if (exchange != null) {
      exchange.abandon();
    }
    super.channelInactive(context);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    // A client that is gone, or speaks no TLS.
    close();
  }

  /** A request and its answer. */
  private final class Exchange {
    private final long begun;
    private final Body body;
    private boolean answered;

    Exchange(long begun) {
      this.begun = begun;
      this.body = new Body(begun);
    }

    void begin(HttpRequest request) {
      String path = request.uri().split("\\?", 2)[0];
      String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE);
      // Of one that does not say it must be expected to be the longest.
      long announced = HttpUtil.getContentLength(request, Bodies.MAX);
      if (!server.isOfReviews(path)) {
        answer(Answer.refusal(HttpResponseStatus.NOT_FOUND.code(), "nothing is there"));
      } else if (!request.method().equals(HttpMethod.POST)) {
        answer(Answer.refusal(HttpResponseStatus.METHOD_NOT_ALLOWED.code(), "only POST"));
      } else if (!ReviewServer.isJson(type)) {
        refuse(Refusal.MALFORMED, "the content is not " + ReviewServer.JSON);
      } else if (announced > Bodies.MAX) {
        refuse(Refusal.TOO_LARGE, "the body is longer than " + Bodies.MAX + " bytes");
      } else {
        server
            .bodies()
            .claim(peer, (int) announced)
            .ifPresentOrElse(claim -> body.begin(claim, (int) announced), this::hold);
      }
    }

    void add(ByteBuf content) {
      // Refused, but a client that still writes would not read why if it were cut off.
      if (!answered && !body.add(content)) {
        refuse(Refusal.TOO_LARGE, "the body is longer than " + Bodies.MAX + " bytes");
      }
    }

    void end() {
      body.end();
      Bodies.Claim held = answered ? null : body.takeClaim();
      if (held == null) {
        over();
        return;
      }
      deadline = System.nanoTime() + ANSWER;
      channel.config().setAutoRead(false);
      server.review(held, body.take(), answer -> channel.eventLoop().execute(() -> tell(answer)));
    }

    private void tell(Answer answer) {
      reviewed |= answer.status() == HttpResponseStatus.OK.code();
      server.events().answered(Duration.ofNanos(System.nanoTime() - begun));
      answer(answer);
    }

    boolean isStalled(long now) {
      return body.isStalled(now);
    }

    /**
     * The body has not come in time.
     *
     * @return whether there was one to come
     */
    boolean expire() {
      if (body.isWhole() || answered) {
        return false;
      }
      deadline = System.nanoTime() + FAREWELL;
      ChannelFuture _ =
          refuse(Refusal.TOO_SLOW, "the body did not come in time")
              .addListener(ChannelFutureListener.CLOSE);
      return true;
    }

    @CanIgnoreReturnValue
    ChannelFuture refuse(Refusal refusal, String why) {
      body.giveBack();
      server.events().refused(refusal);
      return answer(Answer.refusal(refusal.status(), why));
    }

    /**
     * Refuses, and reads no more: what is left of the body is not worth its deciphering. Not closed
     * at once, as that would make others connect anew at once. Who needs the room may have it.
     */
    private void hold() {
      server.events().refused(Refusal.BUSY);
      answered = true;
      idle = true;
      deadline = System.nanoTime() + FAREWELL;
      channel.config().setAutoRead(false);
      FullHttpResponse response = Answer.refusal(Refusal.BUSY.status(), "busy").response();
      HttpUtil.setKeepAlive(response, false);
      // Past the handler that would close after such an answer.
      var _ = channel.pipeline().context(HttpServerKeepAliveHandler.class).writeAndFlush(response);
    }

    @CanIgnoreReturnValue
    private ChannelFuture answer(Answer answer) {
      answered = true;
      FullHttpResponse response = answer.response();
      if (server.isDraining()) {
        HttpUtil.setKeepAlive(response, false);
      }
      return channel.writeAndFlush(response).addListener(sent -> over());
    }

    /** Both the body and the answer must be. */
    private void over() {
      if (body.isWhole() && answered && exchange == this) {
        exchange = null;
        idle = true;
        deadline = System.nanoTime() + (reviewed ? IDLE : UNPROVEN);
        channel.config().setAutoRead(true);
      }
    }

    /** The client is gone. */
    void abandon() {
      answered = true;
      body.giveBack();
    }
  }
}
