// SPDX-License-Identifier: Apache-2.0
/** What the kubelet and Prometheus ask of this daemon, over HTTP. */
@NullMarked
package io.podproc.daemon.status;

import org.jspecify.annotations.NullMarked;
