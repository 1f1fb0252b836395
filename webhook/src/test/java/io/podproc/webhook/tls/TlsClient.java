// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** One connection as the API server opens it: to the Service's name, trusting a caBundle alone. */
final class TlsClient implements AutoCloseable {
  private final SSLSocket socket;
  private final BufferedReader reader;

  TlsClient(int port, List<X509Certificate> trusted, String... protocols)
      throws IOException, GeneralSecurityException {
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    for (int i = 0; i < trusted.size(); i++) {
      anchors.setCertificateEntry(Integer.toString(i), trusted.get(i));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(anchors);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
    plain.setSoTimeout(20_000);
    socket = (SSLSocket) context.getSocketFactory().createSocket(plain, Settings.NAME, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    if (protocols.length > 0) {
      parameters.setProtocols(protocols);
    }
    socket.setSSLParameters(parameters);
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    reader =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
  }

  X509Certificate serverCertificate() throws IOException {
    return (X509Certificate) socket.getSession().getPeerCertificates()[0];
  }

  String protocol() {
    return socket.getSession().getProtocol();
  }

  /** Sends a request and reads all of the answer; its status. */
  int request() throws IOException {
    String head = "GET /nothing HTTP/1.1\r\nHost: " + Settings.NAME + "\r\n\r\n";
    socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    String status = line();
    int length = 0;
    for (String header = line(); !header.isEmpty(); header = line()) {
      if (header.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(header.substring(header.indexOf(':') + 1).strip());
      }
    }
    for (int i = 0; i < length; i++) {
      if (reader.read() < 0) {
        throw new IOException("closed within an answer");
      }
    }
    return Integer.parseInt(status.split(" ", -1)[1]);
  }

  private String line() throws IOException {
    String line = reader.readLine();
    if (line == null) {
      throw new IOException("closed instead of an answer");
    }
    return line;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
