// SPDX-License-Identifier: Apache-2.0

/**
 * The admission webhook: which pods get the daemon's files, and how their specs are patched. What
 * composes it, with settings, metrics and health; alone in knowing Quarkus.
 *
 * <pre>
 *  kube-apiserver: POST /mutate, an AdmissionReview of a pod
 *       │
 *  1  http.ReviewServer          gathers the body, within bounds of size, time and memory;
 *       │                        what is no review is 400, 408, 413 or 503
 *     AdmissionResource          the body's JSON in, that of the answer out; counts
 *       │
 *  2  admission.Reviewer         which pod, and what is done to it
 *       │
 *  3  injection.InjectionPolicy  asks Namespaces for labels: an informer has those of all namespaces;
 *       │                        a new one is asked for, within a second, but not all that strangers
 *       │                        make up. A pure decision: Inject(files, reason) or Skip(reason),
 *       │                        with warnings for the user
 *  4  injection.PodMutator       a pure function of the raw JSON: add operations alone, behind what
 *       │                        the user wrote; nothing where nothing is missing
 *  5  admission.Verdict          allowed: true, whatever happened; counted by result and reason
 * </pre>
 *
 * <p><b>Never in a pod's way.</b> A pod is always allowed, and the registration has {@code
 * failurePolicy: Ignore}. A pod that could not be created with {@code hostPath} is left alone and
 * told so.
 *
 * <p><b>A stranger learns and causes little.</b> A namespace's name is checked before it is a part
 * of a URL. Look-ups of namespaces are 20 a second ({@code NamespaceLookUps}).
 *
 * <p><b>A review costs little on one core.</b> The JVM's first compiler is right for a program that
 * mostly waits. The second is there for the ciphers of TLS, JSON and podproc's reviewing alone
 * ({@code webhook/src/main/jvm/compilers.json}), on which a review is spent. What is the same for
 * all pods, as volumes and mounts of the files, is made once. Of namespaces the labels alone are
 * kept, ready to be read. {@code e2e/bench/webhook} measures it.
 *
 * <p><b>It is warm before it is ready.</b> {@code WarmUp} sends it 480 reviews; {@code
 * e2e/bench/webhook --starved} measures what that is for.
 *
 * <p>Only hostile clients and very large pods bring the heap to where {@code OldGeneration} looks
 * through all of it.
 */
@NullMarked
package io.podproc.webhook;

import org.jspecify.annotations.NullMarked;
