// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.List;

/**
 * What an administrator has set.
 *
 * @param mountPoint where on each node the daemon serves, without a slash at its end
 * @param ownNamespace that of podproc itself
 * @param defaultFiles for pods that name none
 * @param skippedRuntimeClasses patterns, in which * stands for any text
 * @param skipHostPid whether pods with hostPID keep the node's view
 * @param skipPrivileged whether containers that are privileged, may mount or have an unmasked /proc
 *     keep the node's view where their pod is not labelled itself
 * @param userNamespaces whether the daemon's mount can be idmapped
 * @param defaultPodSecurity what is enforced in namespaces that do not say
 * @param preferReadyNodes whether injected pods prefer nodes where the daemon serves
 * @param nodeDelivery whether daemons bring files to pods as well
 */
public record InjectionRules(
    String mountPoint,
    String ownNamespace,
    List<InjectableFile> defaultFiles,
    List<String> skippedRuntimeClasses,
    boolean skipHostPid,
    boolean skipPrivileged,
    boolean userNamespaces,
    PodSecurityLevel defaultPodSecurity,
    boolean preferReadyNodes,
    boolean nodeDelivery) {}
