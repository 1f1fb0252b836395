// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;

/** Settings as they are read. */
final class Configs {
  private Configs() {}

  static SmallRyeConfig read(Map<String, String> settings) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(WebhookConfig.class)
        .withSources(new PropertiesConfigSource(settings, "test", 100))
        .build();
  }

  static WebhookConfig of(Map<String, String> settings) {
    return read(settings).getConfigMapping(WebhookConfig.class);
  }
}
