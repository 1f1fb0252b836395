// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.KernelFeatures;
import io.podproc.daemon.linux.Lack;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the doctor says of the kernel: whether a daemon runs or not. */
final class KernelChecks {
  private static final Pattern VERSION = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*");

  private final Path procRoot;
  private final Path sysRoot;

  KernelChecks(Path procRoot, Path sysRoot) {
    this.procRoot = procRoot;
    this.sysRoot = sysRoot;
  }

  List<Check> all() {
    String release = read(procRoot.resolve("sys/kernel/osrelease")).orElse("unknown");
    List<Check> checks = new ArrayList<>();
    checks.add(Check.ok("kernel", release));
    checks.add(fuse());
    checks.add(feature(Lack.PIDFD_GETFD, KernelFeatures.pidfdGetfd()));
    checks.add(feature(Lack.OPEN_TREE, KernelFeatures.openTree() && KernelFeatures.moveMount()));
    checks.add(
        feature(
            Lack.RESOLVE_CACHED, KernelFeatures.resolveCached() && KernelFeatures.mountSetattr()));
    checks.add(feature(Lack.MOVE_MOUNT_BENEATH, KernelFeatures.moveMountBeneath()));
    checks.add(byVersion(Lack.NOTIFY_RESEND, release));
    checks.add(byVersion(Lack.PASSTHROUGH, release));
    checks.add(byVersion(Lack.ALLOW_IDMAP, release));
    checks.add(selinux());
    checks.add(apparmor());
    return checks;
  }

  private static Check fuse() {
    try {
      FuseMount.check();
      return Check.ok("/dev/fuse", "it opens, and mounts may be made");
    } catch (MountException e) {
      return Check.broken("/dev/fuse", "no", String.valueOf(e.getMessage()));
    }
  }

  private static Check feature(Lack lack, boolean there) {
    return there
        ? Check.ok(lack.what(), "there")
        : Check.degraded(lack.what(), "not there", lack.instead() + " (" + lack.since() + ")");
  }

  /** What the kernel tells only to the daemon that mounts, in whose log it is for certain. */
  private static Check byVersion(Lack lack, String release) {
    Matcher version = VERSION.matcher(release);
    if (!version.matches()) {
      return Check.degraded(lack.what(), "unknown", "the log of the daemon that mounted says it");
    }
    return lack.isIn(Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2)))
        ? Check.ok(lack.what(), "there, by the kernel's version")
        : Check.degraded(lack.what(), "not there, by the kernel's version", lack.instead());
  }

  /** Containers see the same list (security/selinux/selinuxfs.c:init_sel_fs). */
  private Check selinux() {
    boolean on =
        read(procRoot.resolve("filesystems"))
            .orElse("")
            .lines()
            .anyMatch(l -> l.endsWith("selinuxfs"));
    return Check.ok(
        "SELinux",
        !on
            ? "off"
            : read(sysRoot.resolve("fs/selinux/enforce")).orElse("").equals("0")
                ? "on, permissive"
                : "on: the files have the label of podproc.selinux-context");
  }

  private Check apparmor() {
    if (!read(sysRoot.resolve("module/apparmor/parameters/enabled")).orElse("").equals("Y")) {
      return Check.ok("AppArmor", "off");
    }
    String profile =
        read(procRoot.resolve("self/attr/apparmor/current"))
            .or(() -> read(procRoot.resolve("self/attr/current")))
            .orElse("unconfined");
    return profile.startsWith("unconfined")
        ? Check.ok("AppArmor", "on, and this is not confined")
        : Check.degraded(
            "AppArmor",
            "on, and this has the profile " + profile,
            "what the profile forbids fails: mount, umount, ptrace");
  }

  static Optional<String> read(Path file) {
    try {
      return Optional.of(
          Files.readString(file, StandardCharsets.ISO_8859_1).replace("\0", "").strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
