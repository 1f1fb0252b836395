// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.MountProbe;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jspecify.annotations.Nullable;

/** Ready is a daemon that answers a file which is read through its mount. */
@Readiness
@ApplicationScoped
public class DaemonHealth implements HealthCheck {
  private static final String NAME = "mount";

  private volatile @Nullable MountProbe probe;

  /** From now on there is a mount to ask. */
  void watch(MountProbe mounted) {
    probe = mounted;
  }

  @Override
  public HealthCheckResponse call() {
    MountProbe mounted = probe;
    if (mounted == null) {
      return HealthCheckResponse.named(NAME).down().withData("state", "not mounted").build();
    }
    try {
      MountProbe.Result result = mounted.probe();
      return HealthCheckResponse.named(NAME)
          .status(result == MountProbe.Result.ANSWERS)
          .withData("state", result.toString())
          .build();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return HealthCheckResponse.named(NAME).down().withData("state", "stopping").build();
    }
  }
}
