// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests on a Kubernetes cluster where podproc is installed by its chart. {@code e2e/kind.sh} runs
 * them.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("cluster")
@ExtendWith(Cluster.Shared.class)
@interface ClusterTest {}
