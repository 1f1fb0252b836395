// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

/** The ways to speak with the kernel's FUSE. */
public enum TransportKind {
  /** Its own protocol, with no library between. */
  KERNEL,
  /** libfuse 2, through jnr-fuse. */
  LIBFUSE
}
