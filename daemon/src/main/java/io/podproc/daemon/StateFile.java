// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Memory;
import io.podproc.daemon.log.Log;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A daemon's memory, as the next one finds it in the run directory. Versions differ: what this one
 * does not understand it does without.
 */
final class StateFile {
  private static final int VERSION = 1;

  /** Of some ten thousand containers. */
  private static final long LARGEST = 16 << 20;

  private final Path path;

  StateFile(Path runDirectory) {
    path = runDirectory.resolve("state.json");
  }

  /** What was left; empty, with one line that says why, where it can't be used. */
  Optional<Memory> read() {
    try {
      if (Files.size(path) > LARGEST) {
        throw new IOException("it is larger than " + LARGEST + " bytes");
      }
      try (JsonReader reader = Json.createReader(Files.newInputStream(path))) {
        JsonObject state = reader.readObject();
        int version = state.getInt("version");
        if (version != VERSION) {
          throw new IOException("it is of version " + version + ", not " + VERSION);
        }
        return Optional.of(
            new Memory(
                number(state, "sampledNanos"), list(state, "containers", StateFile::container)));
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | RuntimeException e) { // JSON-P and its casts throw what they like
      Log.warn("%s is left aside, CPU times and loads begin anew: %s", path, e.getMessage());
      return Optional.empty();
    }
  }

  /** Leaves it to the next, whole or not at all. */
  void write(Memory memory) {
    Path next = path.resolveSibling("state.json.new");
    try {
      try (JsonWriter writer = Json.createWriter(Files.newOutputStream(next))) {
        writer.writeObject(
            Json.createObjectBuilder()
                .add("version", VERSION)
                .add("sampledNanos", memory.sampledNanos())
                .add("containers", array(memory.containers(), StateFile::json))
                .build());
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      Log.warn("%s can't be written: %s", path, e.getMessage());
    }
  }

  private static JsonValue json(Memory.OfContainer container) {
    JsonObjectBuilder v1 = Json.createObjectBuilder();
    container.paths().v1().forEach(v1::add);
    JsonObjectBuilder paths = Json.createObjectBuilder().add("v1", v1);
    container.paths().v2().ifPresent(path -> paths.add("v2", path));
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("paths", paths)
            .add("startNanos", container.start().toNanos())
            .add("load", numbers(container.load()))
            .add("lastPid", container.lastPid());
    container.cpu().ifPresent(cpu -> json.add("cpu", json(cpu)));
    return json.build();
  }

  private static JsonValue json(Memory.Accounts cpu) {
    return Json.createObjectBuilder()
        .add("bookedNanos", cpu.bookedNanos())
        .add("last", json(cpu.last().total()))
        .add("lastPerCpu", numbers(cpu.last().perCpuNanos()))
        .add("total", json(cpu.total()))
        .add("cpus", array(cpu.cpus(), StateFile::json))
        .build();
  }

  private static JsonValue json(Memory.Account account) {
    return Json.createObjectBuilder()
        .add("used", json(account.used()))
        .add("capacityNanos", account.capacityNanos())
        .add("idleNanos", account.idleNanos())
        .build();
  }

  private static JsonValue json(CpuTime time) {
    return Json.createObjectBuilder()
        .add("user", time.user())
        .add("nice", time.nice())
        .add("system", time.system())
        .build();
  }

  private static JsonArray numbers(List<Long> numbers) {
    return array(numbers, Json::createValue);
  }

  private static <T> JsonArray array(List<T> items, Function<T, JsonValue> json) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    items.forEach(item -> array.add(json.apply(item)));
    return array.build();
  }

  private static Memory.OfContainer container(JsonValue value) {
    JsonObject container = value.asJsonObject();
    JsonObject paths = container.getJsonObject("paths");
    Map<String, String> v1 = new HashMap<>();
    paths
        .getJsonObject("v1")
        .forEach((controller, path) -> v1.put(controller, ((JsonString) path).getString()));
    return new Memory.OfContainer(
        new ProcCgroup(Map.copyOf(v1), Optional.ofNullable(paths.getString("v2", null))),
        Duration.ofNanos(number(container, "startNanos")),
        Optional.ofNullable(container.getJsonObject("cpu")).map(StateFile::accounts),
        loads(list(container, "load", StateFile::number)),
        container.getInt("lastPid"));
  }

  private static Memory.Accounts accounts(JsonObject cpu) {
    return new Memory.Accounts(
        number(cpu, "bookedNanos"),
        new CpuUsage(time(cpu, "last"), list(cpu, "lastPerCpu", StateFile::number)),
        time(cpu, "total"),
        list(cpu, "cpus", StateFile::account));
  }

  private static List<Long> loads(List<Long> loads) {
    if (loads.size() != 3) {
      throw new IllegalArgumentException("load has " + loads.size() + " numbers, not 3");
    }
    return loads;
  }

  private static Memory.Account account(JsonValue value) {
    JsonObject account = value.asJsonObject();
    return new Memory.Account(
        time(account, "used"),
        account.getJsonNumber("capacityNanos").doubleValue(),
        number(account, "idleNanos"));
  }

  private static CpuTime time(JsonObject object, String name) {
    JsonObject time = object.getJsonObject(name);
    return new CpuTime(number(time, "user"), number(time, "nice"), number(time, "system"));
  }

  private static long number(JsonObject object, String name) {
    return number(object.getJsonNumber(name));
  }

  private static long number(JsonValue value) {
    return ((JsonNumber) value).longValueExact();
  }

  private static <T> List<T> list(JsonObject object, String name, Function<JsonValue, T> read) {
    return object.getJsonArray(name).stream().map(read).toList();
  }
}
