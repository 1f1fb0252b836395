// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import java.nio.charset.StandardCharsets;

/** What is sent back. */
@SuppressWarnings("ArrayRecordComponent") // it is written once, and never compared
public record Answer(int status, String type, byte[] body) {
  /** One line of plain text. */
  public static Answer refusal(int status, String why) {
    return new Answer(
        status,
        "text/plain; charset=utf-8",
        ("podproc: " + why + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
