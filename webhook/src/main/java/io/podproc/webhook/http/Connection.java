// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.Arrays;
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

  Connection(ReviewServer server, Channel channel, Peer peer) {
    this.server = server;
    this.channel = channel;
    this.peer = peer;
  }

  Peer peer() {
    return peer;
  }

  boolean isOf(EventExecutor loop) {
    return channel.eventLoop().equals(loop);
  }

  /** Whether no request is under way. Any thread may ask. */
  boolean isIdle() {
    return idle;
  }

  /** Whether it ever brought a review. Any thread may ask. */
  boolean hasReviewed() {
    return reviewed;
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
    private Bodies.@Nullable Claim claim;
    private byte[] body = {};
    private int length;
    private boolean wholeBody;
    private boolean answered;
    private long windowBegin;
    private int windowLength;

    Exchange(long begun) {
      this.begun = begun;
      windowBegin = begun;
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
        claim = server.bodies().claim(peer, (int) announced).orElse(null);
        if (claim == null) {
          hold();
        } else if (!claim.isLarge()) {
          body = new byte[(int) announced];
        }
      }
    }

    void add(ByteBuf content) {
      int more = content.readableBytes();
      if (answered) {
        return; // refused, but a client that still writes would not read why if it were cut off
      }
      if (length + more > Bodies.MAX) {
        refuse(Refusal.TOO_LARGE, "the body is longer than " + Bodies.MAX + " bytes");
        return;
      }
      if (length + more > body.length) {
        int longer = Math.min(Bodies.MAX, Math.max(length + more, 2 * body.length));
        body = Arrays.copyOf(body, longer);
      }
      content.readBytes(body, length, more);
      length += more;
    }

    void end() {
      wholeBody = true;
      Bodies.Claim held = claim;
      if (answered || held == null) {
        over();
        return;
      }
      claim = null; // from now on the thread's to give back, be the client there or not
      deadline = System.nanoTime() + ANSWER;
      channel.config().setAutoRead(false);
      byte[] whole = length == body.length ? body : Arrays.copyOf(body, length);
      body = new byte[0];
      server.review(held, whole, answer -> channel.eventLoop().execute(() -> tell(answer)));
    }

    private void tell(Answer answer) {
      reviewed |= answer.status() == HttpResponseStatus.OK.code();
      server.events().answered(Duration.ofNanos(System.nanoTime() - begun));
      answer(answer);
    }

    /** Whether a large body comes too slowly: it has memory that others wait for. */
    boolean isStalled(long now) {
      if (claim == null || !claim.isLarge() || now - windowBegin < ReviewServer.RATE_WINDOW) {
        return false;
      }
      boolean stalled = length - windowLength < ReviewServer.LEAST_IN_WINDOW;
      windowBegin = now;
      windowLength = length;
      return stalled;
    }

    /**
     * The body has not come in time.
     *
     * @return whether there was one to come
     */
    boolean expire() {
      if (wholeBody || answered) {
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
      giveBack();
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
      FullHttpResponse response = response(Answer.refusal(Refusal.BUSY.status(), "busy"));
      HttpUtil.setKeepAlive(response, false);
      // Past the handler that would close after such an answer.
      var _ = channel.pipeline().context(HttpServerKeepAliveHandler.class).writeAndFlush(response);
    }

    @CanIgnoreReturnValue
    private ChannelFuture answer(Answer answer) {
      answered = true;
      FullHttpResponse response = response(answer);
      if (server.isDraining()) {
        HttpUtil.setKeepAlive(response, false);
      }
      return channel.writeAndFlush(response).addListener(sent -> over());
    }

    private static FullHttpResponse response(Answer answer) {
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(answer.status()),
              Unpooled.wrappedBuffer(answer.body()));
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.type());
      HttpUtil.setContentLength(response, answer.body().length);
      return response;
    }

    /** Both the body and the answer must be. */
    private void over() {
      if (wholeBody && answered && exchange == this) {
        exchange = null;
        idle = true;
        deadline = System.nanoTime() + (reviewed ? IDLE : UNPROVEN);
        channel.config().setAutoRead(true);
      }
    }

    /** The client is gone. */
    void abandon() {
      answered = true;
      giveBack();
    }

    private void giveBack() {
      body = new byte[0];
      if (claim != null) {
        claim.close();
        claim = null;
      }
    }
  }
}
