// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.serving;

import io.podproc.webhook.log.Complaints;
import io.podproc.webhook.tls.x509.Pem;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The CAs of clients, from a file that is read again when it changes. While it was never readable,
 * no client is trusted; later the last that could be read are.
 */
public final class ClientAuthorities extends X509ExtendedTrustManager implements AutoCloseable {
  private static final long PERIOD_SECONDS = 2;
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private final Complaints complaints = new Complaints(Clock.systemUTC());
  private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor();
  private List<X509Certificate> read = List.of();
  private volatile @Nullable X509ExtendedTrustManager trusting;

  public ClientAuthorities(Path file) {
    this.file = file;
  }

  /** Begins to look at the file, and has looked when it returns. */
  public void start() {
    look();
    var _ =
        looks.scheduleWithFixedDelay(this::look, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
  }

  void look() {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException("it is longer than 1 MiB");
      }
      List<X509Certificate> now = Pem.certificates(Files.readString(file));
      if (now.isEmpty()) {
        throw new GeneralSecurityException("no certificate");
      }
      if (!now.equals(read)) {
        trusting = trusting(now);
        read = now;
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      complaints.about("can't use the client CAs in " + file, e);
    }
  }

  private static X509ExtendedTrustManager trusting(List<X509Certificate> authorities)
      throws GeneralSecurityException, IOException {
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    for (int i = 0; i < authorities.size(); i++) {
      anchors.setCertificateEntry(Integer.toString(i), authorities.get(i));
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(anchors);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager extended) {
        return extended;
      }
    }
    throw new GeneralSecurityException("no PKIX");
  }

  private X509ExtendedTrustManager trusting() throws CertificateException {
    X509ExtendedTrustManager now = trusting;
    if (now == null) {
      throw new CertificateException("no client CA is known");
    }
    return now;
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    trusting().checkClientTrusted(chain, type, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    trusting().checkClientTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    trusting().checkClientTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("this is no client");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw new CertificateException("this is no client");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("this is no client");
  }

  /** In a request for a certificate, so that a client with several knows which. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    X509ExtendedTrustManager now = trusting;
    return now == null ? new X509Certificate[0] : now.getAcceptedIssuers();
  }

  @Override
  public void close() {
    looks.shutdownNow();
  }
}
