// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A few pages over HTTP/1, one for each connection. Whoever reaches the port may connect, as often
 * and as long as it likes: so there are deadlines, bounds for all and for each address, and a page
 * is made once for all who wait. The JDK's server has the first at most, and what has a framework
 * costs each node more than the files do.
 *
 * <p>One thread reads and writes, and waits for nobody. Others make the pages.
 */
public final class StatusServer implements AutoCloseable {
  /** Whom it serves at a time: as many descriptors are in reserve. */
  private static final int MOST = 48;

  private static final int MOST_OF_ONE = 8;

  /** How many are let in before others are served again. */
  private static final int AT_ONCE = 32;

  /** Who asks for a page does so at once, and connects when none has come. */
  private static final int BACKLOG = 1024;

  /** How often deadlines are looked at, while anybody is connected. */
  private static final Duration TICK = Duration.ofMillis(100);

  private final ServerSocketChannel port;
  private final Selector selector;
  private final SelectionKey accepting;
  private final Predicate<byte[]> preferred;
  private final Consumer<Throwable> failed;
  private final Clients<Guest> clients = new Clients<>(MOST, MOST_OF_ONE);

  /** Those of preferred addresses: nobody else can take their room. */
  private final Clients<Guest> preferredClients = new Clients<>(MOST_OF_ONE, MOST_OF_ONE);

  /** What threads that make pages have for the one that serves. */
  private final Queue<Runnable> made = new ConcurrentLinkedQueue<>();

  private final ExecutorService making =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("page-", 1).factory());

  private final Pages pages;

  /** Nobody can be let in for the moment. */
  private boolean isFull;

  private long tickNanos = System.nanoTime();
  private volatile boolean isClosing;

  private StatusServer(
      ServerSocketChannel port,
      Selector selector,
      SelectionKey accepting,
      Predicate<byte[]> preferred,
      Consumer<Throwable> failed) {
    this.port = port;
    this.selector = selector;
    this.accepting = accepting;
    this.preferred = preferred;
    this.failed = failed;
    this.pages = new Pages(making, failed);
  }

  /**
   * Takes the port. Nobody is answered yet.
   *
   * @param port 0 for any that is free
   * @param preferred addresses that no other can keep from being answered, as {@link
   *     InetAddress#getAddress}
   * @param failed is told what nobody else is
   * @throws IOException it can't be had; the message is one line for the user
   */
  public static StatusServer bind(
      String address, int port, Predicate<byte[]> preferred, Consumer<Throwable> failed)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.configureBlocking(false);
      channel.bind(new InetSocketAddress(InetAddress.getByName(address), port), BACKLOG);
      Selector selector = Selector.open();
      SelectionKey accepting = channel.register(selector, SelectionKey.OP_ACCEPT);
      return new StatusServer(channel, selector, accepting, preferred, failed);
    } catch (BindException e) {
      channel.close();
      throw new IOException(
          "the HTTP port " + port + " at " + address + " can't be had: " + e.getMessage());
    } catch (UnknownHostException e) {
      channel.close();
      throw new IOException("there is no HTTP address " + address);
    }
  }

  /** The one that it was given, or that it has found. */
  public int port() {
    return port.socket().getLocalPort();
  }

  /** Adds a page. */
  public StatusServer with(String path, Page page) {
    return with(path, "", page);
  }

  /** Adds a page for those who accept a media type, where there is another for all others. */
  public StatusServer with(String path, String type, Page page) {
    pages.add(path, type, page);
    return this;
  }

  /** What there is, to be added to before it is started. */
  Pages pages() {
    return pages;
  }

  /** From now on clients are answered. */
  public void start() {
    Thread _ = Thread.ofPlatform().daemon().name("http-" + port()).start(this::serve);
  }

  private void serve() {
    while (!isClosing) {
      try {
        int _ = isBusy() ? selector.select(TICK.toMillis()) : selector.select();
        selector.selectedKeys().forEach(this::attend);
        selector.selectedKeys().clear();
        for (Runnable next = made.poll(); next != null; next = made.poll()) {
          next.run();
        }
        tick();
      } catch (Throwable e) {
        failed.accept(e);
        LockSupport.parkNanos(TICK.toNanos()); // it may come again at once
      }
    }
    end();
  }

  private boolean isBusy() {
    return isFull || !clients.isEmpty() || !preferredClients.isEmpty();
  }

  private void attend(SelectionKey key) {
    if (key.isValid() && key.isAcceptable()) {
      accept();
    } else if (key.isValid() && key.attachment() instanceof Guest guest) {
      guest.goOn();
    }
  }

  /**
   * Some at once: in the kernel's queue they would keep others out. But what is closed gives its
   * descriptor back only when the selector selects again.
   */
  private void accept() {
    try {
      for (int i = 0; i < AT_ONCE; i++) {
        SocketChannel channel = port.accept();
        if (channel == null) {
          return;
        }
        welcome(channel);
      }
    } catch (IOException e) { // no descriptors are left
      failed.accept(e);
      isFull = true;
      accepting.interestOps(0);
    }
  }

  private void welcome(SocketChannel channel) {
    try {
      InetAddress address = channel.socket().getInetAddress();
      boolean isPreferred = preferred.test(address.getAddress());
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      Guest guest =
          new Guest(
              new Client(key, this::asked),
              Clients.peer(address),
              isPreferred ? preferredClients : clients);
      key.attach(guest);
      guest.among.add(guest.peer, guest).ifPresent(leaving -> leaving.client.close());
    } catch (IOException | RuntimeException e) { // it has gone already
      try {
        channel.close();
      } catch (IOException closing) {
        // It is closed all the same.
      }
    }
  }

  private void asked(Client client, RequestHead head) {
    pages.ask(head, answer -> pass(() -> client.answer(answer)));
  }

  /** To the thread that serves. */
  private void pass(Runnable next) {
    made.add(next);
    selector.wakeup();
  }

  private void tick() {
    if (System.nanoTime() - tickNanos < TICK.toNanos()) {
      return;
    }
    tickNanos = System.nanoTime();
    for (SelectionKey key : selector.keys()) {
      if (key.attachment() instanceof Guest guest && guest.client.isLate()) {
        guest.leave();
      }
    }
    if (isFull) {
      isFull = false;
      accepting.interestOps(SelectionKey.OP_ACCEPT);
    }
  }

  /** A client, and among whom it counts. */
  private final class Guest {
    private final Client client;
    private final Object peer;
    private final Clients<Guest> among;

    Guest(Client client, Object peer, Clients<Guest> among) {
      this.client = client;
      this.peer = peer;
      this.among = among;
    }

    void goOn() {
      try {
        if (!client.goOn()) {
          leave();
        }
      } catch (IOException e) { // it has gone
        leave();
      } catch (Throwable e) {
        leave();
        failed.accept(e);
      }
    }

    void leave() {
      among.remove(peer, this);
      client.close();
    }
  }

  private void end() {
    try {
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
      selector.close();
    } catch (IOException e) {
      // The process ends.
    }
  }

  @Override
  public void close() {
    isClosing = true;
    making.shutdownNow();
    selector.wakeup();
  }
}
