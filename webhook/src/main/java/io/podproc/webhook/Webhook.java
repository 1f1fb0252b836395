// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.injection.InjectionRules;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.jboss.logging.Logger;

/** The admission webhook: checks its settings, and answers reviews until it is told to stop. */
@QuarkusMain
public final class Webhook implements QuarkusApplication {
  private final WebhookConfig config;

  // Not static: main must run before logging is set up.
  private final Logger log = Logger.getLogger("podproc");

  Webhook(WebhookConfig config) {
    this.config = config;
  }

  public static void main(String... args) {
    Quarkus.run(Webhook.class, StartFailure::exit, args);
  }

  /** What reviews are answered by: without it there is no start. */
  @Produces
  @Singleton
  static InjectionRules rules(WebhookConfig config) throws SettingsCheck.Invalid {
    SettingsCheck.check(config, System.getenv().keySet());
    return SettingsCheck.rules(config);
  }

  @Override
  public int run(String... args) {
    log.infof("injecting %s from %s", String.join(" ", config.files()), config.mountPoint());
    Quarkus.waitForExit();
    return 0;
  }
}
