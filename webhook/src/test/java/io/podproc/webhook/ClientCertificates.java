// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** What an administrator gives the API server: a client certificate, here its own CA. */
record ClientCertificates(SelfSigned client) {
  private static final char[] PASSWORD = "changeit".toCharArray();

  static ClientCertificates make() {
    return new ClientCertificates(SelfSigned.make("kube-apiserver"));
  }

  /** That the webhook reads CAs from. */
  record File(Path path) implements AutoCloseable {
    @Override
    public void close() {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  File authorityFile() {
    try {
      File file = new File(Files.createTempFile("podproc-client-ca", ".crt"));
      write(file);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void write(File file) {
    try {
      Path _ = Files.writeString(file.path(), client.pem());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  SSLSocket connect(int port) throws IOException {
    try {
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      own.setKeyEntry("client", client.key(), PASSWORD, new Certificate[] {client.certificate()});
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, PASSWORD);
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("server", WebhookProcess.CERTIFICATE.certificate());
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
      socket.setSoTimeout(10_000);
      return socket;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
