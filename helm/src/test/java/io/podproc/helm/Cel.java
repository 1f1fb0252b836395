// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.HashMap;
import java.util.Map;

/** Expressions of admission policies, with the variables that the API server has for them. */
final class Cel {
  private static final CelCompiler COMPILER =
      CelCompilerFactory.standardCelCompilerBuilder()
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addVar("object", SimpleType.DYN)
          .addVar("oldObject", SimpleType.DYN)
          .addVar("request", SimpleType.DYN)
          .addVar("variables", SimpleType.DYN)
          .build();
  private static final CelRuntime RUNTIME = CelRuntimeFactory.standardCelRuntimeBuilder().build();

  // CEL knows no integers but of 64 bits.
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_LONG_FOR_INTS).build();

  private final Map<String, Object> variables = new HashMap<>();

  Cel with(String variable, JsonNode value) throws Exception {
    variables.put(
        variable, MAPPER.readValue(value.toString(), new TypeReference<Map<String, Object>>() {}));
    return this;
  }

  /** Adds what {@code variables.NAME} is. */
  @SuppressWarnings("unchecked")
  Cel define(String name, String expression) throws Exception {
    ((Map<String, Object>) variables.computeIfAbsent("variables", v -> new HashMap<>()))
        .put(name, evaluate(expression));
    return this;
  }

  boolean test(String expression) throws Exception {
    return (Boolean) evaluate(expression);
  }

  private Object evaluate(String expression) throws CelValidationException, CelEvaluationException {
    return RUNTIME.createProgram(COMPILER.compile(expression).getAst()).eval(variables);
  }
}
