// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

/** Where the serving certificate comes from. */
public enum CertificateSource {
  /** From a CA of podproc's own. */
  SELF,
  /** From mounted files: cert-manager's, or an administrator's Secret. */
  FILES
}
