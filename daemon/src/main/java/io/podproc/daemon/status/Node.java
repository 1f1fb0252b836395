// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.CpuPolicy;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Whom to ask about this node. Nothing of it is what readers of files are served from: whoever asks
 * here holds up nobody there.
 *
 * @param name that of its Node; empty outside of a cluster
 * @param known what is remembered of containers that have read a file
 * @param delivery empty where this daemon brings no files
 * @param swap whether containers see any
 * @param procRoot where the node's /proc is seen
 * @param sysRoot where the node's /sys is seen
 */
public record Node(
    Optional<String> name,
    Processes processes,
    PodCgroups pods,
    ContainerResolver resolver,
    Supplier<Snapshot> known,
    CgroupHierarchy cgroups,
    HostFacts host,
    CpuPolicy cpuPolicy,
    boolean swap,
    Origins origins,
    Optional<Delivery> delivery,
    Path procRoot,
    Path sysRoot) {}
