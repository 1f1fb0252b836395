// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.KernelFeatures;
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
  private static final String HAS = "there";
  private static final String LACKS = "not there";

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
    checks.add(
        feature(
            "pidfd_getfd",
            KernelFeatures.pidfdGetfd(),
            "keepers are of no use: the files end with the daemon (Linux 5.6)"));
    checks.add(
        feature(
            "open_tree, move_mount",
            KernelFeatures.openTree() && KernelFeatures.moveMount(),
            "files come to pods by the webhook alone, and none is repaired (Linux 5.2)"));
    checks.add(
        feature(
            "openat2 (RESOLVE_CACHED), mount_setattr",
            KernelFeatures.resolveCached() && KernelFeatures.mountSetattr(),
            "files come only to containers whose root the node has mounted (Linux 5.12)"));
    checks.add(
        feature(
            "move_mount (MOVE_MOUNT_BENEATH)",
            KernelFeatures.moveMountBeneath(),
            "repair lays live files on dead ones, which stay beneath (Linux 6.5)"));
    checks.add(
        since(
            "FUSE_NOTIFY_RESEND, FUSE_PASSTHROUGH",
            release,
            6,
            9,
            "what a killed daemon was answering ends with an error, and a program that maps a file"
                + " gets SIGBUS"));
    checks.add(
        since("FUSE_ALLOW_IDMAP", release, 6, 12, "pods with hostUsers: false get no files"));
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

  private static Check feature(String what, boolean there, String instead) {
    return there ? Check.ok(what, HAS) : Check.degraded(what, LACKS, instead);
  }

  /** What the kernel tells only to the daemon that mounts, in whose log it is for certain. */
  private static Check since(String what, String release, int major, int minor, String instead) {
    Matcher version = VERSION.matcher(release);
    if (!version.matches()) {
      return Check.degraded(what, "unknown", "the log of the daemon that mounted says it");
    }
    int first = Integer.parseInt(version.group(1));
    int second = Integer.parseInt(version.group(2));
    return first > major || (first == major && second >= minor)
        ? Check.ok(what, HAS + ", by the kernel's version")
        : Check.degraded(what, LACKS + ", by the kernel's version", instead);
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
