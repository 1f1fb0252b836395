// SPDX-License-Identifier: Apache-2.0

/**
 * The port of reviews: who may be connected, with how much, and for how long. Knows Netty, and no
 * review.
 *
 * <p><b>Nobody takes the port of reviews from the API server.</b> Whoever reaches the port may
 * connect, so each wait has a deadline: 3 s for a handshake, 5 s for the first request, 2 s for a
 * head and for a body, of which a large one brings 256 KiB each half second. Nearly all bodies are
 * small, and have memory that no large one can take; one address (of IPv6, a /64) gets three
 * quarters of it at most ({@code Bodies}). Where a thousand are connected, the address with most
 * connections loses one for each that comes, first of those that never brought a review ({@code
 * Connections}). Who is refused, or has to give way, is held for a second without being read, as
 * who is closed at once connects anew at once; of those that give way, 250 are held.
 *
 * <p><b>Limits hold from the first packet on</b>, before anything is spent on TLS, which is why
 * {@code ReviewServer} is a server of our own on Netty. Each handshake costs 1.7 ms of a core.
 * {@code Handshakes} gives all of them together a third of a core's time: each packet of a
 * handshake waits for its turn, and costs nothing of TLS until then. Of the connections of one
 * address the newest is next, so that an API server behind the same translation as a crowd gets in
 * as well. Connections that are there wait for none of it. Before that, 500 reviews a second beside
 * 1050 clients that do nothing but connect or stall took 135 ms at p99 on a busy machine, and the
 * webhook 172 MiB; now it is 15.5 ms and 184 MiB ({@code e2e/bench/webhook}, 2026-11-29). Client
 * certificates keep strangers from reviews, not from handshakes.
 */
@NullMarked
package io.podproc.webhook.http;

import org.jspecify.annotations.NullMarked;
