// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLSocket;

/**
 * Clients that want nothing but to be there, from the address of the API server: some are connected
 * and say nothing, some begin a request, of 8 MB or of 1 kB, and do not end it. Each connects anew
 * when it is closed.
 */
final class HostileClients {
  private final BenchedWebhook webhook;
  private final LongAdder connections = new LongAdder();

  private HostileClients(BenchedWebhook webhook) {
    this.webhook = webhook;
  }

  /** Starts them; they end with this program. */
  static HostileClients start(BenchedWebhook webhook, int idle, int stalled) {
    HostileClients clients = new HostileClients(webhook);
    for (int i = 0; i < idle + stalled; i++) {
      String head =
          "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
              + (i % 2 == 0 ? 8_000_000 : 1000)
              + "\r\n\r\n{";
      byte[] sent = i < idle ? new byte[0] : head.getBytes(StandardCharsets.US_ASCII);
      Thread.ofVirtual().start(() -> clients.hold(sent));
    }
    return clients;
  }

  /** That were made so far, after their handshakes. */
  long connections() {
    return connections.sum();
  }

  private void hold(byte[] sent) {
    while (true) {
      try (SSLSocket socket = webhook.connect()) {
        connections.increment();
        socket.setSoTimeout(0);
        socket.getOutputStream().write(sent);
        byte[] buffer = new byte[512];
        while (socket.getInputStream().read(buffer) >= 0) {
          // until it is closed from there
        }
      } catch (IOException e) {
        LockSupport.parkNanos(50_000_000);
      }
    }
  }
}
