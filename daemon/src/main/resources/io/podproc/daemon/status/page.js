// SPDX-License-Identifier: Apache-2.0
// Shows what "podproc ps -o json" and "podproc explain -o json" say, asked anew every two seconds.
// Whatever was named by a container becomes text, and never markup.
"use strict";

const EVERY = 2000; // ms from an answer to the next question
const PATIENCE = 10000; // ms for an answer
const KEPT = 90; // values of a plot: three minutes
const LEAST = 30; // for which there is room from the begin
const PLOT = { width: 112, height: 32 };
const UNITS = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

const at = (id) => document.getElementById(id);
const rows = new Map(); // by the container's id
let open = null; // the id of the container that is explained
let failingSince = null;

// ---- texts ----

/** As in the daemon's log: what is not seen, or turns letters around, is written out. */
const seen = (text) =>
  String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));

const number = (value, decimals) => String(Number(Number(value).toFixed(decimals)));

function bytes(value) {
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return number(value, 1) + UNITS[unit];
}

function time(seconds) {
  if (seconds < 60) return seconds + "s";
  const [large, small, of] =
    seconds < 3600 ? ["m", "s", 60] : seconds < 86400 ? ["h", "m", 3600] : ["d", "h", 86400];
  const rest = of === 60 ? seconds % 60 : Math.floor((seconds % of) / (of === 3600 ? 60 : 3600));
  return Math.floor(seconds / of) + large + rest + small;
}

/** Ids of 64 digits, and uids, are cut short; the whole is the tooltip. */
const short = (path) =>
  path.replace(/([0-9a-f]{8})[0-9a-f]{48,}/g, "$1…").replace(/([0-9a-f]{8})[-_][0-9a-f]{4}[-_][-_0-9a-f]{20,}/g, "$1…");

// ---- elements ----

/** An element with classes, and with texts or elements in it. */
function el(name, classes, ...parts) {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  element.append(...parts);
  return element;
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Sets a text only where it differs: what is selected stays so. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function figure(main, more) {
  const element = el("div", "figure", main);
  if (more) element.append(" ", el("span", "", more));
  return element;
}

/** A value over time, from nought to a scale that is the largest of it at least. */
class Plot {
  constructor(kind, what, write) {
    this.values = [];
    this.what = what;
    this.write = write;
    this.area = svg("path", { class: "area" });
    this.line = svg("path", {});
    this.element = svg("svg", { class: "spark " + kind, viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img" });
    this.element.append(svg("line", { x1: 0, y1: PLOT.height, x2: PLOT.width, y2: PLOT.height }), this.area, this.line);
  }

  add(value, least) {
    this.values.push(value);
    if (this.values.length > KEPT) this.values.shift();
    const top = Math.max(least, ...this.values) * 1.15;
    const step = PLOT.width / (Math.max(LEAST, this.values.length) - 1);
    const from = PLOT.width - (this.values.length - 1) * step;
    const points = this.values.map((v, i) => (from + i * step).toFixed(1) + " " + (PLOT.height * (1 - v / top)).toFixed(1));
    if (points.length === 1) points.unshift((PLOT.width - step).toFixed(1) + " " + points[0].split(" ")[1]);
    const line = "M" + points.join("L");
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", `${line}L${PLOT.width} ${PLOT.height}L${points[0].split(" ")[0]} ${PLOT.height}Z`);
    const range = [Math.min(...this.values), Math.max(...this.values)].map(this.write);
    this.element.setAttribute("aria-label", `${this.what} of the last minutes: ${range[0]} to ${range[1]}`);
  }
}

// ---- a row: the node's, or a container's ----

class Row {
  constructor() {
    this.memory = new Plot("memory", "Memory", bytes);
    this.load = new Plot("load", "Load", (value) => number(value, 2));
    this.cells = Array.from({ length: 4 }, () => el("td", ""));
    const plots = [this.memory, this.load].map((plot) => el("td", "plot", plot.element));
    this.head = el("th", "");
    this.head.scope = "row";
    this.age = el("td", "");
    const [cpus, memory, load, files] = this.cells;
    this.element = el("tr", "row", this.head, cpus, memory, plots[0], load, plots[1], files, this.age);
  }

  /** Puts parts into a cell, unless it says so already. */
  fill(index, kind, ...parts) {
    const cell = el("td", kind, ...parts);
    if (!cell.isEqualNode(this.cells[index])) {
      this.cells[index].replaceWith(cell);
      this.cells[index] = cell;
    }
  }
}

function bar(part) {
  const inner = el("i", "");
  inner.style.width = Math.min(100, Math.max(0, 100 * part)).toFixed(1) + "%";
  const element = el("div", part > 0.9 ? "bar high" : "bar", inner);
  element.setAttribute("aria-hidden", "true");
  return element;
}

class NodeRow extends Row {
  show(has) {
    this.head.replaceChildren(el("strong", "", "The node"), el("small", "", "what all see without podproc"));
    this.fill(0, "", figure(has.cpus ?? "?"));
    if (has.memoryTotalBytes) {
      this.fill(1, "", figure(bytes(has.memoryUsedBytes), "of " + bytes(has.memoryTotalBytes)),
        bar(has.memoryUsedBytes / has.memoryTotalBytes));
      this.memory.add(has.memoryUsedBytes, has.memoryTotalBytes);
    }
    if (has.load) {
      this.fill(2, "", figure(number(has.load[0], 2)));
      this.load.add(has.load[0], 1);
    }
  }
}

class ContainerRow extends Row {
  constructor(id) {
    super();
    this.id = id;
    this.button = el("button", "");
    this.button.type = "button";
    this.button.tabIndex = -1;
    this.button.setAttribute("aria-expanded", "false");
    this.pod = el("small", "pod");
    this.head.append(this.button, this.pod);
    this.why = el("div", "");
    this.why.id = "why-" + rows.size + "-" + Date.now();
    this.why.setAttribute("role", "region");
    this.button.setAttribute("aria-controls", this.why.id);
    const cell = el("td", "", this.why);
    cell.colSpan = 8;
    this.whyRow = el("tr", "why", cell);
    this.whyRow.hidden = true;
    this.element.addEventListener("click", () => {
      if (!String(getSelection())) toggle(this);
    });
  }

  show(container, has) {
    this.pid = container.pid;
    const name = container.container ?? short(container.id.split("/").pop());
    const pod = container.pod ? container.namespace + "/" + container.pod : container.podUid ?? "no pod";
    this.name = pod + " " + name;
    say(this.button, seen(name));
    say(this.pod, seen(pod));
    this.why.setAttribute("aria-label", "Why " + seen(this.name) + " sees what it sees");
    const own = container.files !== "none";
    const kind = own ? "" : "nodes";
    this.showSizes(container, has, own, kind);
    const load = container.load?.[0];
    const shown = own ? load : has.load?.[0];
    this.fill(2, kind, figure(shown === undefined ? "–" : number(shown, 2)),
      el("small", "", own ? (has.load ? "node " + number(has.load[0], 2) : "") : load === undefined ? "" : "its own " + number(load, 2)));
    if (load !== undefined) this.load.add(load, Math.max(1, container.cpuCapacity ?? 1));
    const badge = el("span", own ? "badge" : "badge none", own ? "by " + container.files : "none");
    this.fill(3, "", badge, el("small", "", own ? "sees itself" : "sees the node"));
    say(this.age, time(container.ageSeconds));
  }

  showSizes(container, has, own, kind) {
    if (container.cpus === undefined) return;
    const { cpus, cpuCapacity, memoryUsedBytes: used, memoryTotalBytes: total } = container;
    const may = cpuCapacity < cpus ? "may use " + number(cpuCapacity, 2) : "";
    this.fill(0, kind, own ? figure(cpus, may) : figure(has.cpus ?? "?"),
      el("small", "", own ? "node " + (has.cpus ?? "?") : "its own " + number(cpuCapacity, 2)));
    const node = has.memoryTotalBytes ? bytes(has.memoryTotalBytes) : "?";
    this.fill(1, kind, figure(bytes(used), "of " + (own ? bytes(total) : node)), bar(used / total),
      el("small", "", own ? "node " + node : "its own " + bytes(total)));
    this.memory.add(used, total / 50);
  }
}

// ---- why ----

function heading(title, more) {
  return el("h3", "", title + " ", el("span", "", more));
}

/** Code, of which the tooltip has all where some is left out. */
function code(text, some) {
  const element = el("code", "", seen(some));
  if (some !== text) element.title = seen(text);
  return element;
}

/** Its last name: each level of limits is the parent of the one before. */
const level = (path) => code(path, short(path.slice(path.lastIndexOf("/") + 1)) || path);

/** Each level of them, from the container up; of several kinds of limits one below the other. */
function limits(...kinds) {
  const head = el("tr", "", ...["Limit", "File", "Says", "Of"].map((column) => {
    const cell = el("th", "", column);
    cell.scope = "col";
    return cell;
  }));
  const lines = kinds.flatMap(({ levels, write, none }) => levels.map((of) =>
    el("tr", of.binds ? "binds" : of.limit === undefined ? "free" : "",
      el("td", "", (of.binds ? "★ " : "") + (of.limit === undefined ? none : write(of.limit))),
      ...[of.file, of.says].map((text) => el("td", "", el("code", "", seen(text)))),
      el("td", "", level(of.cgroup)))));
  return el("table", "limits", el("thead", "", head), el("tbody", "", ...lines));
}

function section(title, more, content, asked) {
  const element = el("section", "", el("h3", "", title + " ", el("span", "", more)), content);
  if (asked !== undefined) element.append(el("p", "note", "Its pod asks to be shown " + seen(asked) + "."));
  return element;
}

function size(title, of, asked) {
  return section(title, `${bytes(of.totalBytes)} · the node has ${bytes(of.nodeBytes)}`,
    limits({ levels: of.limits, write: bytes, none: "no limit" }), asked === undefined ? asked : bytes(asked));
}

function numbers(why) {
  const { visible, capacity, node, quotas, cpusets } = why.cpus;
  return el("div", "",
    section("CPUs", `${visible}, may use ${number(capacity, 3)} · the node has ${node}`,
      limits({ levels: quotas, write: (value) => number(value, 3), none: "no limit" },
        { levels: cpusets, write: (value) => number(value, 0), none: "all" }), why.asked.cpus),
    size("Memory", why.memory, why.asked.memoryBytes),
    size("Swap", why.swap),
    el("p", "note", "★ the limit that counts: the tightest, of cpusets the nearest"));
}

/** Together what shows the same for the same reason: mostly all of them. */
function files(why) {
  const groups = new Map();
  for (const file of why.files) {
    const key = file.shows + "\n" + file.why;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const parts = [...groups.values()].map((same) =>
    el("div", same[0].served ? "group own" : "group",
      el("p", "", el("b", "", "show " + same[0].shows), " · " + seen(same[0].why)),
      el("ul", "", ...same.map((file) => el("li", "", code(file.path, file.path))))));
  if (!parts.length) parts.push(el("p", "note", "It has more mounts than are looked at: what its files show can't be told."));
  const served = why.files.filter((file) => file.served).length;
  return section("Files", `${served} of ${why.files.length} show the container`, el("div", "", ...parts));
}

/** Of what changes all the time nothing is shown, so that an open one stays as it is. */
const lasting = (why) => JSON.stringify(why, (key, value) => (["ageSeconds", "usedBytes", "load"].includes(key) ? 0 : value));

async function explain(row) {
  let parts;
  let key;
  try {
    const answer = await ask("explain/" + row.pid);
    const why = answer.ok ? JSON.parse(answer.text) : null;
    key = why ? lasting(why) : answer.text;
    parts = why && why.id === row.id
      ? [el("p", "lead", seen(why.decisionText)),
          el("p", "id", `process ${why.pid} · cgroup ${why.cgroup} · `, code(why.id, short(why.id))),
          el("div", "parts", numbers(why), files(why))]
      : [el("p", "lead", why ? "It has ended." : answer.text)];
  } catch {
    return; // whoever asks for all of them says so
  }
  if (open === row.id && row.explained !== key) {
    row.explained = key;
    row.why.replaceChildren(...parts);
  }
}

function toggle(row) {
  const before = rows.get(open);
  if (before) {
    before.whyRow.hidden = true;
    before.element.classList.remove("open");
    before.button.setAttribute("aria-expanded", "false");
  }
  open = before === row ? null : row.id;
  choose(row);
  if (open) {
    row.whyRow.hidden = false;
    row.element.classList.add("open");
    row.button.setAttribute("aria-expanded", "true");
    if (!row.explained) row.why.replaceChildren(el("p", "note", "asking…"));
    explain(row);
  }
}

// ---- keys: one row can be reached by Tab, others from there ----

const shown = () => [...rows.values()].filter((row) => !row.element.hidden);
let chosen = null;

function choose(row, focus) {
  if (chosen) chosen.button.tabIndex = -1;
  chosen = row;
  row.button.tabIndex = 0;
  if (focus) {
    row.button.focus();
    row.element.scrollIntoView({ block: "nearest" });
  }
}

document.addEventListener("keydown", (event) => {
  const filter = at("filter");
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "/" && event.target !== filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape" && open) {
    const row = rows.get(open);
    toggle(row);
    choose(row, true);
  } else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
    const among = shown();
    if (!among.length || (event.target === filter && event.key !== "ArrowDown")) return;
    const here = among.findIndex((row) => row.button === document.activeElement);
    const next = { ArrowDown: here + 1, ArrowUp: here < 0 ? 0 : here - 1, Home: 0, End: among.length - 1 }[event.key];
    event.preventDefault();
    choose(among[Math.min(among.length - 1, Math.max(0, next))], true);
  }
});

// ---- all of it ----

async function ask(what) {
  const answer = await fetch(what, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  const text = await answer.text();
  if (!answer.ok && answer.status !== 404) throw new Error(text.trim());
  return { ok: answer.ok, text };
}

const nodeRow = new NodeRow();
at("node").append(nodeRow.element);

function show(told) {
  const has = told.nodeHas ?? {};
  const name = has.name ?? "";
  say(at("name"), seen(name));
  document.title = (name ? seen(name) + " · " : "") + "podproc";
  nodeRow.show(has);
  const ids = new Set(told.containers.map((container) => container.id));
  const lost = chosen && !ids.has(chosen.id) && chosen.button === document.activeElement;
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.element.remove();
      row.whyRow.remove();
      rows.delete(id);
      if (open === id) open = null;
      if (chosen === row) chosen = null;
    }
  }
  const ordered = told.containers.map((container) => {
    const row = rows.get(container.id) ?? new ContainerRow(container.id);
    rows.delete(container.id); // and behind all that were shown so far
    rows.set(container.id, row);
    row.show(container, has);
    return row;
  });
  arrange(ordered);
  filter();
  if (!chosen && shown().length) choose(shown()[0], lost);
  if (open) explain(rows.get(open));
  say(at("state"), told.notLookedAt ? told.notLookedAt + " more were not looked at: that took too long" : "live, every 2 s");
}

/** In the order in which they were told; what is in its place stays, and keeps its focus. */
function arrange(ordered) {
  let place = at("rows").firstChild;
  for (const row of ordered) {
    for (const element of [row.element, row.whyRow]) {
      if (place === element) place = place.nextSibling;
      else at("rows").insertBefore(element, place);
    }
  }
}

function filter() {
  const wanted = at("filter").value.trim().toLowerCase();
  for (const row of rows.values()) {
    row.element.hidden = !row.name.toLowerCase().includes(wanted);
    row.whyRow.hidden = row.element.hidden || open !== row.id;
  }
  const found = shown().length;
  say(at("count"), found === rows.size ? String(found) : found + " of " + rows.size);
  at("empty").hidden = found > 0;
  say(at("empty"), rows.size ? "None is called so." : "No container runs on this node that podproc knows of.");
  if (chosen?.element.hidden && found) choose(shown()[0]);
}
at("filter").addEventListener("input", filter);

function fail(error) {
  failingSince ??= Date.now();
  const why = error instanceof TypeError ? "no connection: does kubectl podproc ui still run?" : error.message;
  say(at("banner"), `The daemon has not answered for ${Math.round((Date.now() - failingSince) / 1000)} s (${seen(why)}). Asking again every 2 s.`);
  at("banner").hidden = false;
  document.body.classList.add("stale");
  say(at("state"), "not connected");
}

/** A page that nobody looks at asks for nothing. */
const visible = () => new Promise((resolve) => {
  if (!document.hidden) resolve();
  else document.addEventListener("visibilitychange", resolve, { once: true });
});

async function live() {
  for (;;) {
    await visible();
    try {
      const answer = await ask("ps");
      if (!answer.ok) throw new Error(answer.text.trim());
      show(JSON.parse(answer.text));
      failingSince = null;
      at("banner").hidden = true;
      document.body.classList.remove("stale");
    } catch (error) {
      fail(error);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}
live();
