// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BiConsumer;

/** A connection, from its head to its end. Of one thread. */
final class Client {
  private static final int MAX_HEAD = 8 * 1024;
  private static final Duration HEAD = Duration.ofSeconds(2);
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** To close at once would take away what the other has not read yet (RFC 9112, 9.6). */
  private static final Duration LAST = Duration.ofSeconds(1);

  private final SelectionKey key;
  private final SocketChannel channel;
  private final BiConsumer<Client, RequestHead> asked;
  private ByteBuffer in = ByteBuffer.allocate(1024);
  private ByteBuffer out = ByteBuffer.allocate(0);
  private State state = State.READS;
  private boolean wantsText = true;
  private long deadlineNanos = after(HEAD);

  private enum State {
    READS,
    WAITS,
    WRITES,
    ENDS
  }

  /**
   * @param key of a channel that blocks nobody
   * @param asked is given the head, once
   */
  Client(SelectionKey key, BiConsumer<Client, RequestHead> asked) {
    this.key = key;
    this.channel = (SocketChannel) key.channel();
    this.asked = asked;
  }

  private static long after(Duration time) {
    return System.nanoTime() + time.toNanos();
  }

  /** While its page is made it is late whenever that is. */
  boolean isLate() {
    return state != State.WAITS && System.nanoTime() - deadlineNanos > 0;
  }

  /**
   * Goes on as far as the other lets it. False: it is over.
   *
   * @throws IOException it is over, too
   */
  boolean goOn() throws IOException {
    return switch (state) {
      case READS -> read();
      case WAITS -> true;
      case WRITES -> write();
      case ENDS -> channel.read(in.clear()) >= 0;
    };
  }

  private boolean read() throws IOException {
    int count = channel.read(in);
    if (count <= 0) {
      return count == 0;
    }
    String text = new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
    if (RequestHead.isWhole(text)) {
      become(State.WAITS, 0, Duration.ZERO);
      RequestHead head = RequestHead.parse(text);
      wantsText = !head.method().equals("HEAD");
      asked.accept(this, head);
    } else if (in.position() == MAX_HEAD) {
      answer(Answer.plain(431, "That is too long.\n"));
    } else if (!in.hasRemaining()) {
      in = ByteBuffer.allocate(Math.min(MAX_HEAD, 2 * in.capacity())).put(in.flip());
    }
    return true;
  }

  /** Is sent as soon as it can be. */
  void answer(Answer answer) {
    if (key.isValid()) {
      out = answer.message(wantsText);
      become(State.WRITES, SelectionKey.OP_WRITE, ANSWER);
    }
  }

  private boolean write() throws IOException {
    int _ = channel.write(out);
    if (!out.hasRemaining()) {
      channel.shutdownOutput();
      become(State.ENDS, SelectionKey.OP_READ, LAST);
    }
    return true;
  }

  private void become(State next, int interest, Duration time) {
    state = next;
    key.interestOps(interest);
    deadlineNanos = after(time);
  }

  void close() {
    try {
      channel.close(); // its key with it
    } catch (IOException e) {
      // It is closed all the same.
    }
  }
}
