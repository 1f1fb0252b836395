// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.Mount;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.jspecify.annotations.Nullable;

/**
 * Alive is a daemon that serves somebody, or will. One whose mount was taken away has to be started
 * again; but not while a container holds files of it, which it would lose.
 */
@Liveness
@ApplicationScoped
public class DaemonLiveness implements HealthCheck {
  private volatile @Nullable Mount mount;

  /** From now on there is a mount to look at. */
  void watch(Mount mounted) {
    mount = mounted;
  }

  @Override
  public HealthCheckResponse call() {
    Mount mounted = mount;
    return HealthCheckResponse.named("server").status(mounted == null || mounted.serves()).build();
  }
}
