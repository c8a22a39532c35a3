// The page shows one network at work. It speaks with an engine, which answers
// messages (package serve/live says which): a WebSocket of snurun serve, or the same
// code as WebAssembly. All frames of a run are kept, so that time can go both ways.

const $ = (id) => document.getElementById(id);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const align = (n) => (n + 7) & ~7;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function element(tag, text, name) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
}

// Numbers as people read them: three digits that count.
function short(x) {
  if (!Number.isFinite(x)) return "–";
  const a = Math.abs(x);
  if (a >= 1e6 || (a > 0 && a < 1e-3)) return x.toExponential(1);
  if (Number.isInteger(x)) return grouped(x);
  return x.toFixed(a >= 100 ? 0 : a >= 10 ? 1 : 2).replace("-", "−");
}
const grouped = (n) => String(n).replace("-", "−").replace(/\B(?=(\d{3})+$)/g, "\u2009");
const plural = (n, word) => `${grouped(n)} ${word}${n === 1 ? "" : "s"}`;
const duration = (us) => (us >= 1e6 ? `${short(us / 1e6)} s` : us >= 1e3 ? `${short(us / 1e3)} ms` : `${short(us)} µs`);

// ── Messages ────────────────────────────────────────────────────────────────

function pack(head, payload = new Uint8Array()) {
  const h = new TextEncoder().encode(JSON.stringify(head));
  const m = new Uint8Array(align(4 + h.length) + payload.length);
  new DataView(m.buffer).setUint32(0, h.length, true);
  m.set(h, 4);
  m.set(payload, align(4 + h.length));
  return m;
}

function unpack(buffer) {
  const n = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)));
  if (head.error !== undefined) throw new Error(head.error.replace(/^live: |^dataset: /, ""));
  return { head, buffer, at: align(4 + n) };
}

const silent = "the server does not answer, or has as many viewers as it takes: try again later";

// Socket is the engine behind a server. A connection is opened when there is
// something to ask, and again after it was lost.
class Socket {
  constructor() { this.waiting = []; }

  async models() {
    const r = await fetch("api/models");
    if (!r.ok) throw new Error(`the server says ${r.status} ${r.statusText}`);
    return r.json();
  }

  connect(model) {
    const url = new URL(`api/live?model=${encodeURIComponent(model)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const s = new WebSocket(url);
    s.binaryType = "arraybuffer";
    s.model = model;
    const waiting = (this.waiting = []);
    s.onmessage = (e) => waiting.shift().resolve(e.data);
    s.onclose = (e) => {
      if (this.socket === s) this.socket = null;
      for (const w of waiting.splice(0)) w.reject(new Error(e.code === 1009 ? "the file is larger than the server takes" : silent));
    };
    this.socket = s;
    return (s.ready = new Promise((resolve) => { s.onopen = resolve; s.onerror = resolve; }));
  }

  async ask(model, message) {
    if (!this.socket || this.socket.model !== model) {
      this.socket?.close();
      this.connect(model);
    }
    const socket = this.socket, waiting = this.waiting;
    await socket.ready;
    return new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) return reject(new Error(silent));
      waiting.push({ resolve, reject });
      socket.send(message);
    });
  }
}

const engine = document.documentElement.dataset.engine === "wasm" ? new (await import("./wasm.js")).Wasm() : new Socket();
const ask = async (head, payload) => unpack(await engine.ask(state.card.name, pack(head, payload)));

// ── A run and all its frames ────────────────────────────────────────────────

// Store holds the sections of all steps that have come in.
class Store {
  constructor(run) {
    this.run = run;
    this.steps = run.steps;
    this.have = 0;
    const kinds = { bits: Uint8Array, f32: Float32Array, i32: Int32Array, f64: Float64Array };
    this.parts = run.sections.map((s) => {
      const Kind = kinds[s.form];
      const per = s.bytes / Kind.BYTES_PER_ELEMENT;
      return { ...s, per, Kind, data: new Kind(per * run.steps) };
    });
  }

  // part finds a section; layer matters where several are of its name.
  part(what, layer = -1) { return this.parts.find((p) => p.what === what && p.layer === layer); }

  add({ head, buffer, at }) {
    for (const p of this.parts) {
      p.data.set(new p.Kind(buffer, at, p.per * head.steps), p.per * head.first);
      at += align(p.bytes * head.steps);
    }
    this.have = head.first + head.steps;
  }

  at(part, step) { return part.data.subarray(part.per * step, part.per * (step + 1)); }
}

// each calls visit(channel, value) for the channels of a step that are not silent.
function each(store, part, step, visit) {
  const row = store.at(part, step);
  if (part.form !== "bits") {
    for (let i = 0; i < row.length; i++) if (row[i] !== 0) visit(i, row[i]);
    return;
  }
  for (let b = 0; b < row.length; b++) {
    for (let bits = row[b]; bits; bits &= bits - 1) visit(8 * b + 31 - Math.clz32(bits & -bits), 1);
  }
}

function count(store, part, step) {
  let n = 0;
  each(store, part, step, () => n++);
  return n;
}

const state = {
  cards: [], card: null,
  request: null, payload: null, // of the run that is shown
  store: null, image: null,
  position: 0, shown: -1, playing: false, speed: 10,
  layer: -1, neuron: 0, chosen: false, // chosen: by a person
  from: 0, // of the list of samples
  steps: 0, seed: 1, // that were asked for, 0 steps for what the model says; classify has seed 1
  strokes: [], bars: [], generation: 0, dirty: true,
};

// ── Running ─────────────────────────────────────────────────────────────────

// start begins a run. While one is being asked for, only the newest of those that
// follow is kept: a pen moves faster than a network of some size answers. What was
// shown stays until there are frames of the new run.
let starting = false, next = null;
async function start(request, payload, how = {}) {
  if (starting) { next = [request, payload, how]; return; }
  starting = true;
  const generation = ++state.generation;
  try {
    const head = { op: "run", steps: state.steps, seed: state.seed, watch: state.layer, ...request };
    const [run, chunk] = await Promise.all([ask(head, payload), ask({ op: "next", count: 256 })]);
    if (generation === state.generation) {
      Object.assign(state, { request, payload });
      begin(run, chunk, how);
      problem("");
      how.then?.();
    }
  } catch (e) {
    if (generation === state.generation) problem(e.message);
  } finally {
    starting = false;
    if (next) {
      const n = next;
      next = null;
      start(...n);
    } else fill();
  }
}

function begin({ head: run, buffer, at }, chunk, how) {
  const store = new Store(run);
  store.add(chunk);
  const playing = !!how.play && !calm.matches;
  Object.assign(state, {
    store, playing, last: undefined, announced: false, dirty: true,
    image: run.height ? { height: run.height, width: run.width, pixels: new Uint8Array(buffer, at, run.height * run.width) } : null,
    rasters: new Map(), ranges: new Map(),
    // Nothing moves by itself where that is not wanted: the end is shown.
    position: playing ? 0 : Math.min(how.at ?? Infinity, store.steps),
  });
  if (!state.chosen && state.neuronOf !== state.layer) liveliest();
  $("time").max = run.steps;
  $("steps").value = run.steps;
  $("remarks").textContent = run.remarks.join("; ");
  if (!state.speedChosen) chooseSpeed(run);
}

// fill asks for frames ahead of what is shown: those of a second, and a few more.
let filling = null;
async function fill() {
  const store = state.store;
  if (!store || store.broken || filling === store) return;
  filling = store;
  try {
    // Once another run was asked for, next would be of that one.
    while (!starting && state.store === store && store.have < Math.min(store.steps, state.position + Math.max(256, state.speed))) {
      store.add(await ask({ op: "next", count: 256 }));
      state.dirty = true;
    }
  } catch (e) {
    store.broken = true; // the connection was lost, and the run with it
    problem(e.message);
  } finally {
    if (filling === store) filling = null;
  }
}

// liveliest chooses a neuron of the layer that is worth a look: one that spikes in
// half of the steps, of an analog layer the one that puts out most.
function liveliest() {
  const store = state.store, part = store.part("output", state.layer);
  if (!part) return;
  const sums = new Float64Array(part.size);
  for (let t = 0; t < store.have; t++) each(store, part, t, (i, v) => (sums[i] += v));
  const worth = part.form === "bits" ? sums.map((n) => n * (store.have - n)) : sums;
  let best = 0;
  for (let i = 1; i < worth.length; i++) if (worth[i] > worth[best]) best = i;
  if (worth[best] > 0) {
    state.neuron = best;
    state.neuronOf = state.layer;
    $("neuron").value = best;
  }
}

function play(on) {
  const store = state.store;
  if (!store) return;
  if (on && store.broken) return start(state.request, state.payload, { play: true });
  if (on && Math.floor(state.position) >= store.steps) state.position = 0;
  state.playing = on;
  state.last = undefined;
  state.dirty = true;
  if (!on) announce();
}

function seek(step) {
  const store = state.store;
  if (!store) return;
  state.position = clamp(step, 0, store.steps);
  state.dirty = true;
  fill();
}

function rerun(at) {
  if (state.request) start(state.request, state.payload, { at: at ?? Math.floor(state.position) });
}

// frame runs before each repaint of the screen.
function frame(now) {
  const store = state.store;
  if (state.playing && store) {
    const passed = state.last === undefined ? 0 : Math.min(now - state.last, 100) / 1000;
    state.last = now;
    state.position = Math.min(state.position + passed * state.speed, store.have);
    if (store.have < store.steps) fill();
    if (state.position >= store.steps) play(false);
  }
  // Of what has not come yet nothing can be shown.
  const shown = store ? Math.min(Math.floor(state.position), store.have) : 0;
  if (state.dirty || shown !== state.shown) {
    state.shown = shown;
    state.dirty = false;
    draw();
  }
  requestAnimationFrame(frame);
}

// ── Colours ─────────────────────────────────────────────────────────────────

let colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "panel", "sunk", "line", "ink", "soft", "faint", "spike", "warm"]) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.rgb = {};
  for (const name of ["spike", "soft", "ink"]) {
    colours.rgb[name] = [1, 3, 5].map((i) => parseInt(colours[name].slice(i, i + 2), 16));
  }
  colours.font = getComputedStyle(document.body).fontFamily;
  state.rasters = new Map();
  state.dirty = true;
}

const dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function theme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  $("theme").setAttribute("aria-pressed", String(dark()));
  readColours();
  drawSamples();
  drawPad();
}

// ── Painters: a canvas, and SVG for what is saved ───────────────────────────

class CanvasPainter {
  constructor(g) { this.g = g; }
  rect(x, y, w, h, fill, alpha = 1) {
    this.g.globalAlpha = alpha;
    this.g.fillStyle = fill;
    this.g.fillRect(x, y, w, h);
    this.g.globalAlpha = 1;
  }
  line(points, stroke, width = 1, dash = []) {
    const g = this.g;
    g.beginPath();
    for (let i = 0; i < points.length; i += 2) g.lineTo(points[i], points[i + 1]);
    g.strokeStyle = stroke;
    g.lineWidth = width;
    g.lineJoin = "round";
    g.setLineDash(dash);
    g.stroke();
    g.setLineDash([]);
  }
  dot(x, y, r, fill) {
    this.g.beginPath();
    this.g.arc(x, y, r, 0, 7);
    this.g.fillStyle = fill;
    this.g.fill();
  }
  text(x, y, s, fill, { size = 12, weight = 400, anchor = "start" } = {}) {
    this.g.font = `${weight} ${size}px ${colours.font}`;
    this.g.textAlign = anchor === "middle" ? "center" : anchor;
    this.g.fillStyle = fill;
    this.g.fillText(s, x, y);
  }
  image(source, sx, sw, x, y, w, h) {
    this.g.imageSmoothingEnabled = source.height > h * devicePixelRatio * 1.01 || sw > w * devicePixelRatio * 1.01;
    this.g.drawImage(source, sx, 0, sw, source.height, x, y, w, h);
  }
}

class SVGPainter {
  constructor(width, height) {
    this.size = [width, height];
    this.parts = [];
  }
  n(x) { return +x.toFixed(2); }
  escape(s) { return String(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]); }
  rect(x, y, w, h, fill, alpha = 1) {
    this.parts.push(`<rect x="${this.n(x)}" y="${this.n(y)}" width="${this.n(w)}" height="${this.n(h)}" fill="${fill}"${alpha < 1 ? ` fill-opacity="${alpha}"` : ""}/>`);
  }
  line(points, stroke, width = 1, dash = []) {
    const p = [];
    for (let i = 0; i < points.length; i += 2) p.push(`${this.n(points[i])},${this.n(points[i + 1])}`);
    this.parts.push(`<polyline points="${p.join(" ")}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"${dash.length ? ` stroke-dasharray="${dash}"` : ""}/>`);
  }
  dot(x, y, r, fill) { this.parts.push(`<circle cx="${this.n(x)}" cy="${this.n(y)}" r="${r}" fill="${fill}"/>`); }
  text(x, y, s, fill, { size = 12, weight = 400, anchor = "start" } = {}) {
    this.parts.push(`<text x="${this.n(x)}" y="${this.n(y)}" fill="${fill}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}">${this.escape(s)}</text>`);
  }
  image(source, sx, sw, x, y, w, h) {
    const c = element("canvas");
    c.width = sw;
    c.height = source.height;
    c.getContext("2d").drawImage(source, sx, 0, sw, source.height, 0, 0, sw, source.height);
    this.parts.push(`<image x="${this.n(x)}" y="${this.n(y)}" width="${this.n(w)}" height="${this.n(h)}" preserveAspectRatio="none" image-rendering="pixelated" href="${c.toDataURL()}"/>`);
  }
  // spikes draws a mark of w×h at each place of a list of x, y.
  spikes(places, w, h, colour) {
    let d = "";
    for (let i = 0; i < places.length; i += 2) d += `M${this.n(places[i])} ${this.n(places[i + 1] + h / 2)}h${this.n(w)}`;
    if (d) this.parts.push(`<path d="${d}" stroke="${colour}" stroke-width="${Math.max(this.n(h), 0.6)}"/>`);
  }
  toString() {
    const [w, h] = this.size;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="${this.escape(colours.font)}">\n${this.parts.join("\n")}\n</svg>\n`;
  }
}

// ── Rasters ─────────────────────────────────────────────────────────────────

const maxColumns = 2048; // of a bitmap; longer runs have several steps a column

// Raster is the bitmap of a layer: a column for some steps, a row for some channels.
// It is drawn on as frames come in.
class Raster {
  constructor(store, part, rows) {
    Object.assign(this, { store, part, height: rows, rows: Math.min(rows, part.size), done: 0, scale: 0 });
    this.stride = Math.ceil(store.steps / maxColumns);
    this.columns = Math.ceil(store.steps / this.stride);
    this.canvas = element("canvas");
    this.canvas.width = this.columns;
    this.repeat = Math.max(1, Math.floor(rows / part.size)); // scaled down in time a few rows would blur
    this.canvas.height = this.rows * this.repeat;
    this.g = this.canvas.getContext("2d");
    this.sum = new Float32Array(this.rows);
    this.share = part.size / this.rows * this.stride;
  }

  // update draws the steps up to one, all anew if analog values leave the scale.
  update(to) {
    const { store, part } = this;
    if (part.form !== "bits") {
      let most = this.scale;
      for (let t = this.done; t < to; t++) for (const v of store.at(part, t)) most = Math.max(most, Math.abs(v));
      if (most > this.scale) {
        this.scale = most * 1.25;
        this.done = 0;
      }
    }
    while (this.done < to) {
      const column = Math.floor(this.done / this.stride);
      const end = Math.min((column + 1) * this.stride, to);
      this.sum.fill(0);
      for (let t = column * this.stride; t < end; t++) each(store, part, t, (i, v) => (this.sum[Math.floor((i * this.rows) / part.size)] += v));
      this.paint(column);
      this.done = end;
      if (end < to || end % this.stride === 0) continue;
      this.done = column * this.stride; // the column is not full: again next time
      break;
    }
  }

  paint(column) {
    const { repeat } = this, pixels = this.g.createImageData(1, this.rows * repeat);
    const divide = this.share * (this.part.form === "bits" ? 1 : this.scale);
    for (let r = 0; r < this.rows; r++) {
      const v = this.sum[r] / divide;
      if (v === 0) continue;
      const alpha = this.part.form === "bits" ? 255 * Math.min(1, 1.5 * Math.sqrt(v)) : 215 * Math.min(1, Math.sqrt(Math.abs(v)));
      for (let k = r * repeat; k < (r + 1) * repeat; k++) pixels.data.set([...(v > 0 ? colours.rgb.spike : colours.rgb.soft), alpha], 4 * k);
    }
    this.g.putImageData(pixels, column, 0);
  }
}

// ── The figure ──────────────────────────────────────────────────────────────

// layout says what is drawn where, for a width in CSS pixels.
function layout(width) {
  const { card, store } = state, narrow = width < 560;
  const left = narrow ? 0 : 118, right = 20, gap = narrow ? 24 : 12;
  const rows = [];
  let y = narrow ? 20 : 16;
  const add = (row) => {
    rows.push({ ...row, y });
    y += row.height + gap;
  };
  const heightOf = (n) => Math.round(n <= 20 ? Math.max(9 * n, 44) : clamp(30 + 10 * Math.log2(n / 12), 52, 88));
  const input = store.part("input");
  add({ kind: "raster", part: input, layer: -1, name: "input", size: input.size, height: heightOf(input.size) });
  card.layers.forEach((l, i) => {
    const part = store.part("output", i);
    if (part) add({ kind: "raster", part, layer: i, name: l.name || `layer ${i}`, size: part.size, height: heightOf(part.size) });
  });
  if (store.part("membrane", state.layer)) add({ kind: "membrane", height: 86 });
  add({ kind: "scores", height: 86 });
  return { rows, left, right, narrow, width, plot: width - left - right, height: y - gap + 34 };
}

const nameOf = (c) => state.card.classes?.[c] ?? String(c);
const layerName = (i) => state.card.layers[i].name || `layer ${i}`;

// figure draws what has been shown up to a step.
function figure(p, at, to) {
  const { store } = state, { left, plot, width } = at;
  p.rect(0, 0, width, at.height, colours.paper);
  const cell = plot / store.steps;
  for (const row of at.rows) {
    p.rect(left, row.y, plot, row.height, colours.sunk);
    const label = (name, notes, colour = colours.ink) => {
      if (at.narrow) {
        p.text(0, row.y - 7, name, colour, { weight: 600 });
        p.text(width - at.right, row.y - 7, notes.join(" · "), colours.soft, { size: 11, anchor: "end" });
        return;
      }
      p.text(left - 12, row.y + 12, name, colour, { weight: 600, size: 12.5, anchor: "end" });
      notes.forEach((s, i) => p.text(left - 12, row.y + 28 + 14 * i, s, colours.soft, { size: 11, anchor: "end" }));
    };
    if (row.kind === "raster") raster(p, at, row, to, label);
    else if (row.kind === "membrane") membrane(p, at, row, to, label);
    else scoreLines(p, at, row, to, label);
  }
  const bottom = at.rows.at(-1).y + at.rows.at(-1).height;
  axis(p, at, bottom);
  if (to > 0 && to < store.steps) {
    const x = left + to * cell;
    p.line([x, at.rows[0].y - 6, x, bottom], colours.ink, 1);
  }
  const early = earlyStep();
  if (early && early <= to) {
    const x = left + early * cell, last = at.rows.at(-1);
    p.line([x, last.y, x, last.y + last.height], colours.warm, 1, [3, 3]);
    const [low, high] = state.ranges.get("scores").range;
    p.text(x > left + plot - 100 ? x - 5 : x + 5, high > -low ? last.y + 14 : last.y + last.height - 6, "could stop here", colours.warm, { size: 11, anchor: x > left + plot - 100 ? "end" : "start" });
  }
}

function raster(p, at, row, to, label) {
  const { store } = state, { left, plot } = at;
  let r = state.rasters.get(row.layer);
  const rows = Math.round(row.height * Math.min(devicePixelRatio, 2));
  if (!r || r.height !== rows) state.rasters.set(row.layer, (r = new Raster(store, row.part, rows)));
  r.update(to);
  if (p.spikes && marks(p, at, row, to)) {
    rasterLabels(p, at, row, to, label);
    return;
  }
  const cell = plot / r.columns, columns = Math.ceil(to / r.stride);
  if (cell >= 7) { // room between the steps
    const space = Math.min(cell * 0.25, 8);
    for (let c = 0; c < columns; c++) p.image(r.canvas, c, 1, left + c * cell + space / 2, row.y, cell - space, row.height);
  } else if (columns > 0) {
    p.image(r.canvas, 0, columns, left, row.y, columns * cell, row.height);
  }
  rasterLabels(p, at, row, to, label);
}

function rasterLabels(p, at, row, to, label) {
  const { card, store } = state, h = row.height / row.size, x = at.left + at.plot;
  const notes = [plural(row.size, row.layer < 0 ? "channel" : "neuron")];
  if (to > 0) notes.push(row.part.form === "bits" ? plural(count(store, row.part, to - 1), "spike") : "analog");
  label(row.name, notes);
  if (row.layer === state.layer) { // which neuron's membrane is below
    const y = row.y + (state.neuron + 0.5) * h;
    p.line([x + 8, y - 4, x + 3, y, x + 8, y + 4], colours.warm, 1.6);
  }
  if (row.layer !== card.layers.length - 1 || row.size > 20) return;
  const best = to > 0 ? store.part("class").data[to - 1] : -1;
  for (let c = 0; c < row.size; c++) {
    if (nameOf(c).length > 2) return;
    p.text(x + 14, row.y + (c + 0.5) * h + 3.2, nameOf(c), c === best ? colours.spike : colours.soft, { size: 9, weight: c === best ? 700 : 400, anchor: "middle" });
  }
}

// marks draws each spike of a layer by itself, which a saved drawing has unless they
// are too many.
function marks(p, at, row, to) {
  const { store } = state, cell = at.plot / store.steps, h = row.height / row.size, places = [];
  if (row.part.form !== "bits") return false;
  const space = cell >= 7 ? Math.min(cell * 0.25, 8) : 0;
  for (let t = 0; t < to; t++) {
    each(store, row.part, t, (i) => places.push(at.left + t * cell + space / 2, row.y + i * h));
    if (places.length > 40000) return false;
  }
  p.spikes(places, cell - space, h, colours.spike);
  return true;
}

function membrane(p, at, row, to, label) {
  const { store } = state, { left, plot } = at, part = store.part("membrane", state.layer), n = state.neuron;
  const outputs = store.part("output", state.layer), thresholds = store.run.threshold;
  const threshold = thresholds.length ? thresholds[thresholds.length === 1 ? 0 : Math.floor((n * thresholds.length) / part.size)] : undefined;
  const [low, high] = rangeOf(`m${n}`, part, n, [0, threshold ?? 0]);
  const pad = (high - low || 1) * 0.14;
  const y = (v) => row.y + row.height - ((v - low + pad) / (high - low + 2 * pad || 1)) * row.height;
  const cell = plot / store.steps, x = (t) => left + (t + 0.5) * cell;
  p.line([left, y(0), left + plot, y(0)], colours.line, 1);
  if (threshold !== undefined) p.line([left, y(threshold), left + plot, y(threshold)], colours.warm, 1.2, [4, 3]);
  const value = (t) => part.data[t * part.per + n];
  const points = [];
  // Of a long run each pixel has its lowest and its highest value.
  const stride = Math.max(1, Math.floor(1 / cell));
  for (let t = 0; t < to; t += stride) {
    let low = value(t), high = low;
    for (let k = t + 1; k < Math.min(t + stride, to); k++) [low, high] = [Math.min(low, value(k)), Math.max(high, value(k))];
    points.push(x(t), y(low));
    if (high > low) points.push(x(t), y(high));
  }
  if (to > 1) p.line(points, colours.ink, stride > 1 ? 1 : 1.4);
  let last = -1;
  for (let t = 0; t < to; t++) {
    const spiked = outputs.form === "bits" && (outputs.data[t * outputs.per + (n >> 3)] >> (n & 7)) & 1;
    if (spiked && (cell >= 1 || x(t) - last >= 1)) {
      last = x(t);
      if (cell > 3) p.dot(last, y(value(t)), clamp(cell / 3, 1.4, 3.4), colours.spike);
      p.line([last, row.y + 1, last, row.y + 7], colours.spike, clamp(cell / 4, 1, 2.5));
    } else if (!spiked && cell > 7) p.dot(x(t), y(value(t)), 2, colours.ink);
  }
  const notes = [`neuron ${n}`];
  if (!at.narrow) notes.push(layerName(state.layer));
  if (threshold !== undefined) notes.push(`threshold ${short(threshold)}`);
  if (to > 0) notes.push(`now ${short(part.data[(to - 1) * part.per + n])}`);
  label("membrane", notes);
}

// rangeOf is the least and the largest value of a channel in all steps that have come
// in, computed once a batch of frames: scales must not jump while time runs.
function rangeOf(key, part, n, [low, high]) {
  const { store, ranges } = state;
  let r = ranges.get(key);
  if (!r || r.have !== store.have) {
    for (let t = 0; t < store.have; t++) {
      const first = n < 0 ? 0 : n, last = n < 0 ? part.per : n + 1;
      for (let i = first; i < last; i++) {
        const v = part.data[t * part.per + i];
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
    }
    ranges.set(key, (r = { have: store.have, range: [low, high] }));
  }
  return r.range;
}

function scoreLines(p, at, row, to, label) {
  const { store } = state, { left, plot } = at, part = store.part("scores");
  const [low, high] = rangeOf("scores", part, -1, [0, 0]);
  const pad = (high - low || 1) * 0.1, cell = plot / store.steps;
  const y = (v) => row.y + row.height - ((v - low + pad) / (high - low + 2 * pad)) * row.height;
  label("scores", to > 0 ? [`lead ${lead(to)}`] : []);
  if (to === 0) return;
  const best = store.part("class").data[to - 1];
  // Of a long run there are no more points than pixels.
  const stride = Math.max(1, Math.floor(store.steps / Math.max(plot, 1)));
  const order = [...Array(part.size).keys()].sort((a, b) => (a === best) - (b === best));
  for (const c of order) {
    const points = [left, y(0)];
    for (let t = 0; t < to; t += stride) points.push(left + (t + 1) * cell, y(part.data[t * part.per + c]));
    if ((to - 1) % stride) points.push(left + to * cell, y(part.data[(to - 1) * part.per + c]));
    p.line(points, c === best ? colours.spike : colours.faint, c === best ? 2 : 1);
  }
  const x = left + to * cell, end = x > at.left + at.plot - 52, line = y(part.data[(to - 1) * part.per + best]);
  p.text(end ? x - 6 : x + 6, line + (!end ? 4 : line < row.y + 22 ? 19 : -7), nameOf(best), colours.spike, { weight: 600, size: 13, anchor: end ? "end" : "start" });
}

const lead = (to) => {
  const v = state.store.part("lead").data[to - 1];
  return v > 1e38 ? "∞" : short(v);
};

function axis(p, at, y) {
  const { store } = state, ms = store.run.step_ms, cell = at.plot / store.steps;
  p.line([at.left, y + 5, at.left + at.plot, y + 5], colours.line);
  const most = Math.max(2, Math.floor(at.plot / 58));
  let every = 1;
  while (store.steps / every > most) every *= /^[15]/.test(String(every)) ? (String(every)[0] === "1" ? 2 : 2) : 2.5;
  every = Math.max(1, Math.round(every));
  for (let t = 0; t <= store.steps; t += every) {
    const x = at.left + t * cell, anchor = t === 0 ? "start" : x > at.left + at.plot - 4 ? "end" : "middle";
    p.line([x, y + 5, x, y + 9], colours.faint);
    p.text(x, y + 22, grouped(t), colours.soft, { size: 11, anchor });
  }
  if (!at.narrow) p.text(at.left - 12, y + 22, `steps of ${duration(ms * 1000)}`, colours.soft, { size: 11, anchor: "end" });
}

// earlyStep is the first step after which the lead is the margin that the model
// recommends for early decisions; 0 if there is none.
function earlyStep() {
  const { store, card } = state;
  if (!card.margin || !store || eachStep()) return 0;
  if (store.early?.have !== store.have) {
    const leads = store.part("lead").data;
    let t = 0;
    while (t < store.have && leads[t] < card.margin) t++;
    store.early = { have: store.have, step: t < store.have ? t + 1 : 0 };
  }
  return store.early.step === store.steps ? 0 : store.early.step;
}

// sized gives a canvas the pixels of the screen and returns its context.
function sized(canvas, width, height) {
  const scale = Math.min(devicePixelRatio || 1, 3), w = Math.round(width * scale), h = Math.round(height * scale);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  return g;
}

function draw() {
  const { store, card } = state;
  if (!store || !card) return;
  const to = state.shown;
  const at = layout($("figure-box").clientWidth);
  const canvas = $("figure");
  if (state.figureHeight !== at.height) canvas.style.height = `${(state.figureHeight = at.height)}px`;
  figure(new CanvasPainter(sized(canvas, at.width, at.height)), at, to);
  state.at = at;
  drawFrame(to);
  drawAnswer(to);
  $("time").value = to;
  $("clock").textContent = `step ${grouped(to)} of ${grouped(store.steps)} · ${duration(to * store.run.step_ms * 1000)}`;
  const button = $("play"), icon = state.playing ? "M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z" : "M5 2.8v10.4L13.2 8z";
  if (button.dataset.icon !== icon) {
    button.dataset.icon = icon;
    button.querySelector("path").setAttribute("d", icon);
    button.setAttribute("aria-label", state.playing ? "Pause" : "Play");
  }
}

// ── The input of a step ─────────────────────────────────────────────────────

const trail = 3; // steps in which a spike fades

// planeOf is the picture that an input is, if it is one: a few channels are none.
function planeOf({ input }) {
  const p = input.plane;
  return p && p.channels * p.height * p.width === input.channels && (input.shape.length > 1 || p.width >= 16) ? p : null;
}

function drawFrame(to) {
  const { store, card } = state, plane = planeOf(card), canvas = $("frame");
  if (!plane) return;
  const { height: h, width: w, channels } = plane, size = h * w, part = store.part("input");
  const large = $("frame-box").classList.contains("large");
  const box = canvas.clientWidth, high = large ? (box * h) / w : box;
  if (large && state.frameHeight !== high) canvas.style.height = `${(state.frameHeight = high)}px`;
  const g = sized(canvas, box, high), cell = Math.min(box / w, high / h);
  const x0 = (box - w * cell) / 2, y0 = (high - h * cell) / 2;
  g.clearRect(0, 0, box, high);
  if (state.image) {
    const p = state.image.pixels;
    for (let i = 0; i < p.length; i++) {
      if (!p[i]) continue;
      g.globalAlpha = (p[i] / 255) * (to > 0 ? 0.3 : 0.9);
      g.fillStyle = colours.ink;
      g.fillRect(x0 + (i % w) * cell, y0 + Math.floor(i / w) * cell, cell + 0.3, cell + 0.3);
    }
  }
  // The oldest first, so that what is new lies on top.
  let most = 1;
  if (part.form !== "bits") most = Math.max(...rangeOf("input", part, -1, [0, 1e-9]).map(Math.abs));
  for (let t = Math.max(0, to - trail); t < to; t++) {
    const fade = part.form === "bits" ? (1 - (to - 1 - t) / trail) ** 1.6 : t === to - 1 ? 1 : 0;
    if (fade === 0) continue;
    each(store, part, t, (i, v) => {
      const off = channels === 2 && i < size;
      g.fillStyle = off || v < 0 ? colours.warm : colours.spike;
      g.globalAlpha = fade * Math.min(1, Math.abs(v) / most);
      const c = i % size;
      g.fillRect(x0 + (c % w) * cell + 0.06 * cell, y0 + Math.floor(c / w) * cell + 0.06 * cell, cell * 0.9, cell * 0.9);
    });
  }
  g.globalAlpha = 1;
  const n = to > 0 ? count(store, part, to - 1) : 0;
  const what = part.form === "bits" ? plural(n, "spike") : `${plural(n, "value")} other than 0`;
  const name = store.run.name || (store.run.label !== "" ? `a ${store.run.label}` : state.request.input === "pixels" ? "your drawing" : "");
  set($("frame-note"), to > 0 ? `What the network sees${name ? ` of ${name}` : ""}: ${what} in step ${grouped(to)}.` : `What the network sees${name ? ` of ${name}` : ""}.`);
}

// ── The answer ──────────────────────────────────────────────────────────────

const listed = 12; // classes with a bar; of more, the best

function prepareAnswer() {
  const list = $("scores");
  list.replaceChildren();
  state.bars = [];
  for (let i = 0; i < Math.min(state.card.outputs, listed); i++) {
    const li = element("li"), name = element("span", "", "name"), bar = element("span", undefined, "bar"), fill = element("i"), value = element("span", "", "value");
    bar.setAttribute("aria-hidden", "true");
    bar.append(fill);
    li.append(name, bar, value);
    list.append(li);
    state.bars.push({ li, name, fill, value });
  }
}

// eachStep tells whether the network decides at every step anew.
const eachStep = () => state.card.readout.startsWith("step_");

// said is what the network says after a step: a class, or all outputs above 0.
function said(to) {
  const { store, card } = state, part = store.part("scores");
  if (card.readout !== "step_set") return nameOf(store.part("class").data[to - 1]);
  const on = [...store.at(part, to - 1).keys()].filter((c) => part.data[(to - 1) * part.per + c] > 0);
  return on.length > 8 ? `${on.length} of ${part.size}` : on.map(nameOf).join(" ") || "none";
}

function set(node, text) { if (node.textContent !== text) node.textContent = text; }

function drawAnswer(to) {
  const { store, card } = state, run = store.run, part = store.part("scores");
  const best = to > 0 ? store.part("class").data[to - 1] : -1;
  const scores = to > 0 ? store.at(part, to - 1) : new Float32Array(part.size);
  const name = best < 0 ? "–" : said(to);
  set($("class"), name);
  $("class").classList.toggle("long", name.length > 3);
  let when = "", truth = "";
  if (best >= 0) {
    when = eachStep() ? `in step ${grouped(to)}` : to < store.steps ? `so far, ${plural(to, "step")}` : `after ${plural(to, "step")}`;
    if (run.label !== "" && !eachStep()) truth = run.label === name ? "right" : `it is a ${run.label}`;
  }
  set($("when"), when);
  set($("truth"), truth);
  $("truth").className = truth === "right" ? "right" : "wrong";
  const [low, high] = rangeOf("scores", part, -1, [0, 0]);
  let shown = [...scores.keys()];
  if (shown.length > listed) shown = shown.sort((a, b) => scores[b] - scores[a]).slice(0, listed);
  shown.forEach((c, i) => {
    const b = state.bars[i];
    set(b.name, nameOf(c));
    set(b.value, to > 0 ? short(scores[c]) : "");
    b.fill.style.transform = `scaleX(${high > low ? Math.max(0, scores[c] - Math.min(0, low)) / (high - Math.min(0, low)) : 0})`;
    b.li.classList.toggle("best", card.readout === "step_set" ? scores[c] > 0 : c === best);
  });
  const facts = [];
  if (to > 0) facts.push(["lead", lead(to)]);
  const early = earlyStep();
  if (early && to >= early) facts.push([`lead of ${short(card.margin)} at`, `step ${grouped(early)}`]);
  if (run.runs > 0) facts.push([eachStep() ? "time for all steps" : "latency", duration(run.latency_us)]);
  if (to > 0) {
    const work = store.part("synops").data.subarray(0, to).reduce((a, b) => a + b, 0);
    facts.push(["synaptic operations", work < 1e6 ? grouped(work) : `${(work / 1e6).toPrecision(3)} M`]);
    if (store.work?.to !== to) {
      let spikes = (store.work?.to ?? 0) < to ? store.work?.spikes ?? 0 : 0;
      for (let t = spikes ? store.work.to : 0; t < to; t++) for (const p of store.parts) if (p.what === "output" && p.form === "bits") spikes += count(store, p, t);
      store.work = { to, spikes };
    }
    facts.push(["spikes", grouped(store.work.spikes)]);
  }
  const text = facts.flat().join("\n");
  if (state.facts !== text) {
    state.facts = text;
    $("facts").replaceChildren(...facts.flatMap(([k, v]) => [element("dt", k), element("dd", v)]));
  }
  if (to === store.steps && !state.playing) announce();
}

// announce tells screen readers what has been decided, once a run.
function announce() {
  const { store } = state, to = Math.floor(state.position);
  if (!store || to < store.steps || state.announced) return;
  state.announced = true;
  const run = store.run;
  $("live").textContent = `The network reads ${said(to)}, lead ${lead(to)}, after ${plural(to, "step")}${run.runs ? `, in ${duration(run.latency_us)}` : ""}.`;
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

// ── The pad ─────────────────────────────────────────────────────────────────

const brush = 0.085; // width of the pen, in sides of the pad

function drawPad() {
  const pad = $("pad"), side = pad.clientWidth;
  if (!side) return;
  const g = sized(pad, side, side);
  g.clearRect(0, 0, side, side);
  const { strokes, image } = state;
  $("pad-box").classList.toggle("used", strokes.length > 0 || (image && !strokes.length));
  g.strokeStyle = g.fillStyle = colours.ink;
  if (strokes.length) {
    g.lineWidth = brush * side;
    g.lineCap = g.lineJoin = "round";
    for (const s of strokes) {
      g.beginPath();
      s.forEach(([x, y]) => g.lineTo(x * side, y * side));
      if (s.length === 1) g.lineTo(s[0][0] * side + 0.01, s[0][1] * side);
      g.stroke();
    }
  } else if (image) {
    const cell = side / image.width;
    image.pixels.forEach((v, i) => {
      if (!v) return;
      g.globalAlpha = v / 255;
      g.fillRect((i % image.width) * cell, Math.floor(i / image.width) * cell, cell + 0.3, cell + 0.3);
    });
    g.globalAlpha = 1;
  }
  if (state.cursor && document.activeElement === pad) {
    const [x, y] = state.cursor;
    g.strokeStyle = colours.spike;
    g.lineWidth = 1.5;
    g.beginPath();
    g.arc(x * side, y * side, (brush * side) / 2 + 2, 0, 7);
    g.stroke();
    if (state.lowered) g.fill();
  }
}

// digit makes of the strokes what MNIST is made of: the ink fits a square of 20 of
// 28 pixels, its proportions kept, grey at the edges, and its centre of mass is the
// centre of the image.
function digit(strokes, height, width) {
  const over = 8, unit = Math.min(height, width) / 28, pen = 2.3 * unit;
  const points = strokes.flat(), xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (20 * unit - pen) / Math.max(right - left, bottom - top, 0.2); // a dot stays one
  const canvas = element("canvas");
  canvas.width = width * over;
  canvas.height = height * over;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  const render = (cx, cy) => {
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, canvas.width, canvas.height);
    g.lineWidth = pen * over;
    g.lineCap = g.lineJoin = "round";
    for (const s of strokes) {
      g.beginPath();
      const place = ([x, y]) => [((x - (left + right) / 2) * scale + cx) * over, ((y - (top + bottom) / 2) * scale + cy) * over];
      s.forEach((p) => g.lineTo(...place(p)));
      if (s.length === 1) g.lineTo(place(s[0])[0] + 0.01, place(s[0])[1]);
      g.stroke();
    }
    const data = g.getImageData(0, 0, canvas.width, canvas.height).data, out = new Float32Array(height * width);
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++) out[Math.floor(y / over) * width + Math.floor(x / over)] += data[4 * (y * canvas.width + x) + 3];
    }
    return out.map((v) => v / over ** 2);
  };
  const first = render(width / 2, height / 2);
  let mass = 0, mx = 0, my = 0;
  first.forEach((v, i) => {
    mass += v;
    mx += v * ((i % width) + 0.5);
    my += v * (Math.floor(i / width) + 0.5);
  });
  const second = mass ? render(width - mx / mass, height - my / mass) : first;
  // A breath of ink at an edge is none in MNIST either.
  return Uint8Array.from(second, (v) => (v < 24 ? 0 : Math.round(v)));
}

function read() {
  const { strokes, card } = state, plane = card.input.plane;
  pressed(-1);
  drawPad();
  if (!strokes.length) return;
  start({ input: "pixels" }, digit(strokes, plane.height, plane.width), { at: Infinity });
}

function clearPad() {
  state.strokes = [];
  state.lowered = false;
  pressed(-1);
  blank();
  drawPad();
}

// blank shows no run.
function blank() {
  state.generation++;
  Object.assign(state, { store: null, request: null, payload: null, image: null, playing: false, position: 0, shown: -1 });
  for (const id of ["figure", "frame"]) $(id).getContext("2d").clearRect(0, 0, 1e5, 1e5);
  $("class").textContent = "–";
  for (const id of ["when", "truth", "facts", "frame-note", "clock"]) $(id).replaceChildren();
  state.facts = "";
  for (const b of state.bars) {
    b.fill.style.transform = "scaleX(0)";
    b.value.textContent = "";
    b.li.classList.remove("best");
  }
}

function listenPad() {
  const pad = $("pad");
  const place = (e) => {
    const r = pad.getBoundingClientRect();
    return [clamp((e.clientX - r.left) / r.width, 0, 1), clamp((e.clientY - r.top) / r.height, 0, 1)];
  };
  pad.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    e.preventDefault();
    pad.focus({ preventScroll: true, focusVisible: false });
    pad.setPointerCapture(e.pointerId);
    state.cursor = null;
    if (state.image && !state.strokes.length) state.image = null;
    state.strokes.push([place(e)]);
    state.pen = e.pointerId;
    read();
  });
  pad.addEventListener("pointermove", (e) => {
    if (state.pen !== e.pointerId) return;
    const events = e.getCoalescedEvents?.() ?? [];
    for (const c of events.length ? events : [e]) state.strokes.at(-1).push(place(c));
    read();
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (state.pen = undefined));
  pad.addEventListener("keydown", (e) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    state.cursor ??= [0.5, 0.5];
    if (moves[e.key]) {
      const by = e.shiftKey ? 1 / 10 : 1 / 28;
      state.cursor = state.cursor.map((v, i) => clamp(v + by * moves[e.key][i], 0, 1));
      if (state.lowered) state.strokes.at(-1).push(state.cursor);
    } else if (e.key === " ") {
      state.lowered = !state.lowered;
      if (state.lowered) state.strokes.push([state.cursor]);
      $("live").textContent = state.lowered ? "Pen lowered" : "Pen lifted";
    } else if (e.key === "Delete" || e.key === "Backspace") {
      clearPad();
    } else return;
    e.preventDefault();
    state.lowered ? read() : drawPad();
  });
  for (const f of ["focus", "blur"]) pad.addEventListener(f, drawPad);
}

// ── Samples and files ───────────────────────────────────────────────────────

const pageOf = 20;

async function listSamples() {
  const { head, buffer, at } = await ask({ op: "samples", from: state.from, count: pageOf });
  state.samples = { ...head, pictures: new Uint8Array(buffer, at) };
  const box = $("samples"), shown = head.height > 0 && head.width > 0;
  $("samples-box").hidden = head.total === 0;
  box.classList.toggle("names", !shown);
  box.replaceChildren(...head.samples.map((s, i) => {
    const b = element("button");
    b.type = "button";
    b.dataset.index = s.index;
    const name = s.name || `sample ${s.index}`;
    b.title = s.label === "" ? name : `${name}, a ${s.label}`;
    b.setAttribute("aria-label", b.title);
    b.setAttribute("aria-pressed", "false");
    b.tabIndex = i === 0 ? 0 : -1;
    if (shown) b.append(element("canvas"));
    else b.textContent = b.title;
    b.onclick = () => choose(s.index);
    return b;
  }));
  const last = state.from + head.samples.length;
  $("samples-range").textContent = head.total > pageOf ? `${state.from + 1}–${last} of ${grouped(head.total)}` : "";
  for (const [id, off] of [["earlier", state.from === 0], ["later", last >= head.total]]) {
    $(id).disabled = off;
    $(id).hidden = head.total <= pageOf;
  }
  drawSamples();
  pressed(state.request?.input === "sample" ? state.request.index : -1);
}

function drawSamples() {
  const list = state.samples;
  if (!list?.height) return;
  const size = list.height * list.width, [r, g, b] = colours.rgb.ink;
  [...$("samples").children].forEach((button, k) => {
    const canvas = button.firstChild;
    canvas.width = list.width;
    canvas.height = list.height;
    const context = canvas.getContext("2d"), image = context.createImageData(list.width, list.height);
    for (let i = 0; i < size; i++) image.data.set([r, g, b, list.pictures[k * size + i]], 4 * i);
    context.putImageData(image, 0, 0);
  });
}

function pressed(index) {
  for (const b of $("samples").children) b.setAttribute("aria-pressed", String(+b.dataset.index === index));
}

function choose(index) {
  state.strokes = [];
  pressed(index);
  start({ input: "sample", index }, undefined, { play: true, then: drawPad });
}

async function openFile(file) {
  if (!file) return;
  state.strokes = [];
  pressed(-1);
  start({ input: "file", name: file.name }, new Uint8Array(await file.arrayBuffer()), { play: true, then: drawPad });
}

function listenDrop() {
  const files = (e) => e.dataTransfer?.types.includes("Files");
  let depth = 0;
  const over = (by) => ($("drop").hidden = (depth = Math.max(0, depth + by)) === 0);
  addEventListener("dragenter", (e) => files(e) && (e.preventDefault(), over(1)));
  addEventListener("dragleave", (e) => files(e) && over(-1));
  addEventListener("dragover", (e) => files(e) && e.preventDefault());
  addEventListener("drop", (e) => {
    if (!files(e)) return;
    e.preventDefault();
    over(-depth);
    openFile(e.dataTransfer.files[0]);
  });
  $("open").addEventListener("change", (e) => {
    openFile(e.target.files[0]);
    e.target.value = "";
  });
  $("open-label").addEventListener("keydown", (e) => {
    if (e.key !== "Enter" && e.key !== " ") return;
    e.preventDefault();
    $("open").click();
  });
}

// ── The model ───────────────────────────────────────────────────────────────

async function choosePage(name) {
  const card = state.cards.find((c) => c.name === name) ?? state.cards[0];
  blank();
  Object.assign(state, { card, steps: 0, from: 0, strokes: [], chosen: false, neuronOf: undefined, neuron: 0, speedChosen: false, samples: null, frameHeight: undefined });
  $("model").value = card.name;
  $("steps").value = card.steps;
  document.title = `${card.title || card.name} · snurun`;
  $("summary").textContent = `${card.topology} · ${plural(card.neurons, "neuron")} · ${card.input.text}`;
  const drawable = card.input.image;
  $("pad-box").hidden = $("clear").hidden = !drawable;
  $("frame-box").hidden = !planeOf(card);
  $("frame-box").classList.toggle("large", !drawable);
  $("frame").style.height = "";
  $("seed-label").hidden = card.input.encoder !== "poisson";
  // The last layer with spikes in front of the output, or else the first with a membrane.
  const layers = card.layers.map((l, i) => ({ ...l, i })).filter((l) => l.neurons > 0);
  $("layer").replaceChildren(...layers.map((l) => new Option(l.name || `layer ${l.i}`, l.i)));
  const hidden = layers.slice(0, -1).filter((l) => l.spikes);
  state.layer = (hidden.at(-1) ?? layers[0]).i;
  $("layer").value = state.layer;
  $("neuron").max = card.layers[state.layer].neurons - 1;
  $("neuron").value = 0;
  prepareAnswer();
  showCard(card);
  drawPad();
  try {
    await listSamples();
    if (state.samples.total) choose(0);
    problem("");
  } catch (e) {
    problem(e.message);
  }
}

function showCard(c) {
  const about = $("about"), add = (k, v, name) => {
    const pair = element("div");
    pair.append(element("dt", k), element("dd", v, name));
    about.append(pair);
  };
  const shape = (s) => s.join("×");
  about.replaceChildren();
  add("name", c.title ? `${c.title} (${c.name})` : c.name);
  add("network", c.topology);
  add("size", `${plural(c.neurons, "neuron")}, ${plural(c.parameters, "parameter")}, ${grouped(c.bytes)} bytes`);
  add("input", `${shape(c.input.shape)}, ${c.input.text}`);
  add("time", `${plural(c.steps, "step")} of ${duration(c.dt_ms * 1000)}`);
  add("readout", c.margin ? `${c.readout}, margin ${short(c.margin)} for early decisions` : c.readout);
  const passed = c.selftest.result === "passed";
  add("self-test", passed ? `passed on this machine: the same bits on ${plural(c.selftest.inputs, "input")}, ${plural(c.selftest.steps, "step")}, in ${short(c.selftest.ms)} ms` : c.selftest.result === "none" ? "the file carries none" : c.selftest.result, passed ? "passed" : c.selftest.result === "none" ? "" : "failed");
  add("kernel", c.kernel);
  add("SHA-256", c.sha256, "mono");
  if (c.created_by) add("made by", c.created_by);
  for (const [k, v] of Object.entries(c.metadata ?? {}).sort()) add(k.replaceAll("_", " "), typeof v === "number" && !Number.isInteger(v) ? String(+v.toPrecision(4)) : String(v));
  const head = element("tr");
  for (const [i, h] of ["Layer", "Kind", "Shape", "Neurons", "Parameters", "Unit", "Decay", "Threshold", "Run as"].entries()) {
    const th = element("th", h, i === 3 || i === 4 ? "number" : "");
    th.scope = "col";
    head.append(th);
  }
  const span = (r) => (!r ? "" : r.min === r.max ? short(r.min) : `${short(r.min)} … ${short(r.max)}`);
  const rows = c.layers.map((l, i) => {
    const tr = element("tr"), name = element("th", l.name || String(i));
    name.scope = "row";
    tr.append(name, element("td", l.kind + (l.recurrent ? ", recurrent" : "") + (l.integer ? ", integers" : "")), element("td", `${shape(l.in)} → ${shape(l.out)}`),
      element("td", l.neurons ? grouped(l.neurons) : "", "number"), element("td", l.neurons ? grouped(l.parameters) : "", "number"),
      element("td", l.neurons ? `${l.activation}, ${l.output}` : ""), element("td", span(l.decay)), element("td", span(l.threshold)), element("td", l.plan ?? ""));
    return tr;
  });
  $("layers").replaceChildren(head, ...rows);
}

// ── Controls ────────────────────────────────────────────────────────────────

// chooseSpeed plays recordings as fast as they were, and presentations, which are
// over in milliseconds, slowly enough to be seen.
function chooseSpeed(run) {
  const real = 1000 / run.step_ms, rates = new Set([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((r) => r <= real));
  const select = $("speed");
  select.replaceChildren(...[...rates].map((r) => new Option(`${r} steps/s`, r)), new Option(`real time (${short(real)}/s)`, real));
  state.speed = run.length > 0 && real <= 2000 ? real : Math.min(10, real);
  select.value = state.speed;
}

function setNeuron(layer, neuron, chosen = true) {
  const other = layer !== state.layer;
  state.layer = layer;
  state.neuron = clamp(Math.floor(neuron) || 0, 0, state.card.layers[layer].neurons - 1);
  state.chosen = chosen;
  $("layer").value = layer;
  $("neuron").max = state.card.layers[layer].neurons - 1;
  $("neuron").value = state.neuron;
  state.dirty = true;
  if (other) rerun();
}

async function saveAs(kind) {
  const { store } = state;
  if (!store) return;
  const at = layout(Math.max(720, $("figure-box").clientWidth)), to = state.shown;
  let blob;
  if (kind === "svg") {
    const p = new SVGPainter(at.width, at.height);
    figure(p, at, to);
    blob = new Blob([p.toString()], { type: "image/svg+xml" });
  } else {
    const canvas = element("canvas"), scale = 2;
    canvas.width = at.width * scale;
    canvas.height = at.height * scale;
    const g = canvas.getContext("2d");
    g.scale(scale, scale);
    figure(new CanvasPainter(g), at, to);
    blob = await new Promise((resolve) => canvas.toBlob(resolve));
  }
  const a = element("a");
  a.href = URL.createObjectURL(blob);
  a.download = `${state.card.name}-${store.run.name.replace(/[^\w.-]+/g, "-") || state.request.input}.${kind}`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

function listen() {
  $("model").onchange = (e) => choosePage(e.target.value);
  $("theme").onclick = () => {
    const chosen = dark() ? "light" : "dark";
    try { localStorage.setItem("theme", chosen); } catch { /* a browser that keeps nothing */ }
    theme(chosen);
  };
  $("play").onclick = () => play(!state.playing);
  const pause = (step) => { play(false); seek(step); };
  $("restart").onclick = () => pause(0);
  $("back").onclick = () => pause(Math.ceil(state.position) - 1);
  $("step").onclick = () => pause(Math.floor(state.position) + 1);
  $("time").oninput = (e) => pause(+e.target.value);
  $("speed").onchange = (e) => { state.speed = +e.target.value; state.speedChosen = true; };
  $("layer").onchange = (e) => { state.neuronOf = undefined; setNeuron(+e.target.value, 0, false); };
  $("neuron").oninput = (e) => setNeuron(state.layer, +e.target.value);
  $("steps").onchange = (e) => {
    state.steps = Math.max(0, Math.floor(+e.target.value || 0));
    rerun(Infinity);
  };
  $("seed").onchange = (e) => {
    state.seed = Math.max(0, Math.floor(+e.target.value || 0));
    rerun();
  };
  $("clear").onclick = clearPad;
  $("earlier").onclick = () => { state.from = Math.max(0, state.from - pageOf); listSamples().catch((e) => problem(e.message)); };
  $("later").onclick = () => { state.from += pageOf; listSamples().catch((e) => problem(e.message)); };
  $("png").onclick = () => saveAs("png");
  $("svg").onclick = () => saveAs("svg");
  $("samples").addEventListener("keydown", (e) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -5, ArrowDown: 5, Home: -1e6, End: 1e6 }[e.key];
    if (!by) return;
    e.preventDefault();
    const all = [...$("samples").children], to = all[clamp(all.indexOf(document.activeElement) + by, 0, all.length - 1)];
    for (const b of all) b.tabIndex = b === to ? 0 : -1;
    to.focus();
  });
  // A click on the figure chooses a neuron and a time; dragging moves the time.
  const figureAt = (e, choosing) => {
    const { at, store } = state;
    if (!at || !store) return;
    const r = $("figure").getBoundingClientRect(), x = e.clientX - r.left, y = e.clientY - r.top;
    const row = at.rows.find((row) => y >= row.y && y < row.y + row.height);
    if (choosing && row?.kind === "raster" && row.layer >= 0) setNeuron(row.layer, Math.floor(((y - row.y) / row.height) * row.size));
    if (!choosing || row?.kind !== "raster" || row.layer < 0) pause(Math.round(clamp((x - at.left) / at.plot, 0, 1) * store.steps));
  };
  let dragging = false;
  $("figure").addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    dragging = e.pointerType !== "touch";
    figureAt(e, true);
  });
  $("figure").addEventListener("pointermove", (e) => dragging && e.buttons === 1 && Math.abs(e.movementX) + Math.abs(e.movementY) > 0 && figureAt(e, false));
  addEventListener("pointerup", () => (dragging = false));
  addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, button, canvas, a, .button")) return;
    const keys = { " ": () => play(!state.playing), ArrowLeft: () => $("back").click(), ArrowRight: () => $("step").click(), Home: () => pause(0), End: () => pause(Infinity) };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
  new ResizeObserver(() => {
    state.dirty = true;
    state.frameHeight = undefined;
    drawPad();
  }).observe(document.body);
  listenPad();
  listenDrop();
}

let kept;
try { kept = localStorage.getItem("theme"); } catch { /* as above */ }
theme(kept);
listen();
requestAnimationFrame(frame);
try {
  state.cards = await engine.models();
  if (!state.cards.length) throw new Error("the server has no model");
  $("model").replaceChildren(...state.cards.map((c) => new Option(c.name, c.name)));
  $("model").disabled = false;
  await choosePage(new URLSearchParams(location.search).get("model"));
} catch (e) {
  problem(e.message);
}
