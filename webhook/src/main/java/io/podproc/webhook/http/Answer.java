// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
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

  FullHttpResponse response() {
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    HttpUtil.setContentLength(response, body.length);
    return response;
  }
}
