// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests the one daemon that they share. It runs from the first of them to the last. */
final class SharedDaemon implements BeforeAllCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(SharedDaemon.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    Requirements.mount();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == DaemonProcess.class;
  }

  @Override
  public DaemonProcess resolveParameter(ParameterContext parameter, ExtensionContext context) {
    // What is in the store and can be closed is, at the end.
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .computeIfAbsent("daemon", key -> DaemonProcess.serving(), DaemonProcess.class);
  }
}
