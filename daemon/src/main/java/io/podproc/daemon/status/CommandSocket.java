// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Answers commands at a socket in the run directory, where only root can get. A request is words,
 * each with a NUL behind it, up to the end of what is sent; the answer is a digit, {@link
 * Reply.Ending}, and a text.
 *
 * <p>One thread does it all, makes the answers as well, and waits for no client: each has a
 * deadline, and beyond a number of them others wait in the kernel's queue. Nobody whose file is
 * read waits for it.
 */
public final class CommandSocket implements AutoCloseable {
  /** Its name in the run directory: {@code podproc.c}. */
  public static final String NAME = "commands";

  private static final int MOST = 16;
  private static final int MAX_REQUEST = 4096;
  private static final Duration REQUEST = Duration.ofSeconds(2);
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final Duration TICK = Duration.ofMillis(200);

  private final Path directory;
  private final Asked asked;
  private final Consumer<Throwable> failed;
  private final CountDownLatch turn;
  private volatile boolean isClosing;
  private final Thread thread;

  /** Who knows the answers. */
  public interface Asked {
    /** Makes one. Whatever it throws, the next is made all the same. */
    Reply answer(List<String> words) throws Exception;

    /**
     * The same, where what is thrown becomes an answer, too.
     *
     * @param failed is told what is no answer
     */
    default Reply answerOrWhyNot(List<String> words, Consumer<Throwable> failed) {
      try {
        return answer(words);
      } catch (IOException e) {
        return Reply.refused(String.valueOf(e.getMessage()));
      } catch (Throwable e) {
        failed.accept(e);
        return Reply.refused("that failed, and the daemon's log says how");
      }
    }
  }

  /**
   * Is to answer, once it is begun and this daemon's turn has come.
   *
   * @param directory of mode 0700
   * @param turn of two daemons one is asked: this one, once it is counted down
   * @param failed is told what was thrown
   */
  public CommandSocket(
      Path directory, Asked asked, CountDownLatch turn, Consumer<Throwable> failed) {
    this.directory = directory;
    this.asked = asked;
    this.turn = turn;
    this.failed = failed;
    this.thread = Thread.ofPlatform().daemon().name("commands").unstarted(this::run);
  }

  /** From now on, in the background. */
  public void begin() {
    thread.start();
  }

  private void run() {
    while (!isClosing) {
      try {
        turn.await();
        serve();
      } catch (InterruptedException e) {
        return; // closed
      } catch (Throwable e) {
        failed.accept(e);
        LockSupport.parkNanos(ANSWER.toNanos()); // a full disk, or no descriptors
      }
    }
  }

  private void serve() throws IOException {
    try (Selector selector = Selector.open();
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      bind(socket);
      socket.configureBlocking(false);
      SelectionKey accepting = socket.register(selector, SelectionKey.OP_ACCEPT);
      while (!isClosing) {
        int clients = selector.keys().size() - 1;
        accepting.interestOps(clients < MOST ? SelectionKey.OP_ACCEPT : 0);
        int _ = clients > 0 ? selector.select(TICK.toMillis()) : selector.select();
        if (Thread.currentThread().isInterrupted()) {
          return;
        }
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.attachment() instanceof Client client) {
            client.goOn();
          } else {
            accept(socket, selector);
          }
        }
        selector.selectedKeys().clear();
        dropLate(selector);
      }
    }
  }

  /** Beside the one of the daemon before, and then in its place: there is one at any time. */
  private void bind(ServerSocketChannel socket) throws IOException {
    Path own = directory.resolve(NAME + "-" + ProcessHandle.current().pid());
    boolean _ = Files.deleteIfExists(own);
    socket.bind(UnixDomainSocketAddress.of(own), 128);
    Path _ = Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-------"));
    Path _ = Files.move(own, directory.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
  }

  private void accept(ServerSocketChannel socket, Selector selector) throws IOException {
    SocketChannel channel = socket.accept();
    if (channel != null) {
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      key.attach(new Client(key, channel));
    }
  }

  private static void dropLate(Selector selector) {
    for (SelectionKey key : selector.keys()) {
      if (key.attachment() instanceof Client client && client.isLate()) {
        client.close();
      }
    }
  }

  /** A connection, from its request to the end of its answer. */
  private final class Client {
    private final SelectionKey key;
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(MAX_REQUEST + 1);
    private ByteBuffer out = ByteBuffer.allocate(0);
    private long deadlineNanos = System.nanoTime() + REQUEST.toNanos();

    Client(SelectionKey key, SocketChannel channel) {
      this.key = key;
      this.channel = channel;
    }

    boolean isLate() {
      return System.nanoTime() - deadlineNanos > 0;
    }

    void goOn() {
      try {
        if (key.isValid() && key.isReadable()) {
          read();
        } else if (key.isValid() && key.isWritable()) {
          write();
        }
      } catch (IOException e) { // it has gone
        close();
      } catch (Throwable e) {
        close();
        failed.accept(e);
      }
    }

    private void read() throws IOException {
      int count = channel.read(in);
      if (in.position() > MAX_REQUEST) {
        send(Reply.refused("that is too long"));
      } else if (count < 0) {
        send(answer());
      }
    }

    private Reply answer() {
      String text = new String(in.array(), 0, in.position(), StandardCharsets.UTF_8);
      if (!text.endsWith("\0")) {
        return Reply.refused("that is no command");
      }
      return asked.answerOrWhyNot(
          List.of(text.substring(0, text.length() - 1).split("\0", -1)), failed);
    }

    private void send(Reply reply) throws IOException {
      out = StandardCharsets.UTF_8.encode(reply.ending().status() + reply.text());
      deadlineNanos = System.nanoTime() + ANSWER.toNanos();
      key.interestOps(SelectionKey.OP_WRITE);
      write();
    }

    private void write() throws IOException {
      int _ = channel.write(out);
      if (!out.hasRemaining()) {
        close();
      }
    }

    void close() {
      try {
        channel.close(); // its key with it
      } catch (IOException e) {
        // It is closed all the same.
      }
    }
  }

  /** The next daemon's socket takes the place of this one. */
  @Override
  public void close() {
    isClosing = true;
    thread.interrupt();
  }
}
