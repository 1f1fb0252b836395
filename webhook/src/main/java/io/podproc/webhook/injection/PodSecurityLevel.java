// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

/**
 * The levels of the Pod Security Standards, as {@code pod-security.kubernetes.io/enforce} names
 * them.
 */
public enum PodSecurityLevel {
  PRIVILEGED,
  BASELINE,
  RESTRICTED
}
