// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Gives tests the daemon that they share with all that want the same options. It runs from the
 * first of them to the last.
 */
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
    String[] options =
        AnnotationSupport.findAnnotation(context.getRequiredTestClass(), DaemonOptions.class)
            .map(DaemonOptions::value)
            .orElse(new String[0]);
    // What is in the store and can be closed is, at the end.
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .computeIfAbsent(
            List.of(options), key -> DaemonProcess.serving(options), DaemonProcess.class);
  }
}
