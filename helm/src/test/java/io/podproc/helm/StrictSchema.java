// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Whether an object is what its kind says: no field that the API server would drop, no value of
 * another type.
 */
final class StrictSchema {
  private static final String PROMETHEUS = "io.fabric8.openshift.api.model.monitoring.v1.";
  private static final String CERT_MANAGER = "io.fabric8.certmanager.api.model.v1.";

  private static final Map<String, String> CUSTOM_RESOURCES =
      Map.of(
          "monitoring.coreos.com/v1", PROMETHEUS,
          "cert-manager.io/v1", CERT_MANAGER);

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .annotationIntrospector(
              new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1;

                // The models would keep any unknown field by it.
                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                  return false;
                }
              })
          .withCoercionConfig(
              LogicalType.Textual,
              config ->
                  config
                      .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  private StrictSchema() {}

  /** What is wrong with an object, if anything is. */
  static Optional<String> problem(JsonNode object) {
    String apiVersion = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    String custom = CUSTOM_RESOURCES.get(apiVersion);
    try {
      if (custom != null) {
        STRICT.treeToValue(object, Class.forName(custom + kind));
        return builtIn(object.path("metadata"), V1ObjectMeta.class);
      }
      if (!apiVersion.matches("v1|(apps|policy)/v1|[a-z.]+\\.k8s\\.io/v1")) {
        return Optional.of("unknown apiVersion " + apiVersion);
      }
      return builtIn(object, Class.forName(V1ObjectMeta.class.getPackageName() + ".V1" + kind));
    } catch (ClassNotFoundException e) {
      return Optional.of("unknown kind " + apiVersion + " " + kind);
    } catch (JsonMappingException e) {
      return Optional.of(e.getPathReference() + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      return Optional.of(e.toString());
    }
  }

  private static Optional<String> builtIn(JsonNode object, Class<?> model) {
    JsonElement json = JsonParser.parseString(object.toString());
    try {
      model.getMethod("validateJsonElement", JsonElement.class).invoke(null, json);
    } catch (InvocationTargetException e) {
      return Optional.of(String.valueOf(e.getCause()));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
    // Gson takes "5" for 5, but does not give it back so.
    JsonElement typed;
    try {
      typed = JSON.getGson().toJsonTree(JSON.getGson().fromJson(json, model));
    } catch (RuntimeException e) {
      return Optional.of(e.toString());
    }
    return keeps(typed, json) ? Optional.empty() : Optional.of("by its types it is " + typed);
  }

  /** Whether all of an object is in another, which may have empty lists and maps beside. */
  private static boolean keeps(@Nullable JsonElement typed, JsonElement original) {
    if (typed instanceof JsonObject object && original instanceof JsonObject fields) {
      return fields.entrySet().stream()
          .allMatch(field -> keeps(object.get(field.getKey()), field.getValue()));
    }
    if (typed instanceof JsonArray array && original instanceof JsonArray items) {
      return array.size() == items.size()
          && IntStream.range(0, items.size()).allMatch(i -> keeps(array.get(i), items.get(i)));
    }
    return original.equals(typed);
  }
}
