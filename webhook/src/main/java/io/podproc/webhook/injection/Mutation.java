// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.List;

/**
 * What a pod's JSON lacks.
 *
 * @param patch RFC 6902, add operations alone; empty if nothing is to be done
 * @param files those that some container has when the patch is applied, in their order
 * @param conflicts why paths are left alone, once for each
 */
public record Mutation(
    ArrayNode patch, List<InjectableFile> files, List<Reason> conflicts, List<String> warnings) {}
