// Runs a network of hard SNUs in onnxruntime-node, on one thread, for main.go:
//
//   a = W x_t      p = a + l·s·(1 − y)      s = ELU(p)      y = [s + b > 0]
//
// The graph is written here, byte by byte, as onnx.proto3 has it, so that nothing
// but onnxruntime-node is needed. FOLDER has network.json, weights.bin and
// samples.bin. For every line "VARIANT BATCH SECONDS" on standard input a line of
// JSON goes to standard output: the µs a sample of one repetition, and the spikes
// that each output put out over all samples.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [folder, modules] = process.argv.slice(2);
const ort = createRequire(modules + '/')('onnxruntime-node');
const net = JSON.parse(readFileSync(folder + '/network.json'));
const floats = (name) => {
  const b = readFileSync(folder + '/' + name);
  return new Float32Array(b.buffer, b.byteOffset, b.length / 4);
};
const weights = floats('weights.bin'), samples = floats('samples.bin');

// The wire format of protocol buffers.
const varint = (n) => {
  const out = [];
  for (n = BigInt(n); n > 127n; n >>= 7n) out.push(Number(n & 127n) | 128);
  out.push(Number(n));
  return Buffer.from(out);
};
const int = (field, n) => Buffer.concat([varint(field << 3), varint(n)]);
const bytes = (field, b) => {
  b = Buffer.isBuffer(b) ? b : Buffer.from(b);
  return Buffer.concat([varint((field << 3) | 2), varint(b.length), b]);
};
const FLOAT = 1, UINT8 = 2, INT8 = 3, BOOL = 9;
const tensor = (name, type, dims, data) => Buffer.concat([
  ...dims.map((d) => int(1, d)), int(2, type), bytes(8, name),
  bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
const value = (name, type, dims) => bytes(11, Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([
  int(1, type), bytes(2, Buffer.concat(dims.map((d) => bytes(1, int(1, d)))))])))]));
const asOutput = (v) => { const b = Buffer.from(v); b[0] = (12 << 3) | 2; return b; };
const attribute = (name, v) => bytes(5, Buffer.concat([bytes(1, name),
  ...(typeof v === 'number' ? [int(3, v), int(20, 2)]
    : Buffer.isBuffer(v) ? [bytes(6, v), int(20, 5)]
      : [...v.map((i) => int(8, i)), int(20, 7)])]));

class Graph {
  constructor() { this.parts = []; this.n = 0; }
  constant(type, dims, data) {
    const name = 'c' + this.n++;
    this.parts.push(bytes(5, tensor(name, type, dims, data)));
    return name;
  }
  node(op, inputs, outputs = 1, attributes = {}) {
    const names = Array.from({ length: outputs }, () => 'v' + this.n++);
    this.parts.push(bytes(1, Buffer.concat([
      ...inputs.map((i) => bytes(1, i)), ...names.map((o) => bytes(2, o)), bytes(4, op),
      ...Object.entries(attributes).map(([k, v]) => attribute(k, v))])));
    return outputs === 1 ? names[0] : names;
  }
  alias(from, to) {
    this.parts.push(bytes(1, Buffer.concat([bytes(1, from), bytes(2, to), bytes(4, 'Identity')])));
  }
  bytes(inputs, outputs) {
    return Buffer.concat([...this.parts, bytes(2, 'snu'), ...inputs, ...outputs.map(asOutput)]);
  }
}
const model = (graph) => Buffer.concat([int(1, 8), bytes(7, graph), bytes(8, Buffer.concat([bytes(1, ''), int(2, 17)]))]);

// The elementwise part of a step of a layer; nothing before the first.
function step(g, c, a, s, y) {
  let p = a;
  if (s) p = g.node('Add', [a, g.node('Mul', [g.node('Mul', [c.decay, s]), g.node('Sub', [c.one, y])])]);
  const membrane = g.node('Elu', [p]);
  const spikes = g.node('Cast', [g.node('Greater', [g.node('Add', [membrane, c.bias]), c.zero])], 1, { to: FLOAT });
  return [membrane, spikes];
}

function constants(g, layer, at, quantised) {
  const w = new Float32Array(layer.in * layer.out); // [in, out]
  let largest = 0;
  for (let j = 0; j < layer.out; j++) {
    for (let i = 0; i < layer.in; i++) {
      const v = weights[at + j * layer.in + i];
      w[i * layer.out + j] = v;
      largest = Math.max(largest, Math.abs(v));
    }
  }
  const scalar = (v) => g.constant(FLOAT, [1], new Float32Array([v]));
  const c = { one: scalar(1), zero: scalar(0), decay: scalar(layer.decay), bias: g.constant(FLOAT, [layer.bias.length], Float32Array.from(layer.bias)) };
  if (quantised) {
    c.scale = scalar(largest / 127);
    c.weight = g.constant(INT8, [layer.in, layer.out], Int8Array.from(w, (v) => Math.round(v / largest * 127)));
  } else {
    c.weight = g.constant(FLOAT, [layer.in, layer.out], w);
  }
  return c;
}

// unrolled: a product a step and layer. layers: a product a layer, of all steps.
function feedForward(batch, layerMajor, quantised) {
  const g = new Graph(), T = net.steps;
  let x = 'x', at = 0, spikes;
  const product = (x, c) => quantised
    ? g.node('Mul', [g.node('Cast', [g.node('MatMulInteger', [g.node('Cast', [x], 1, { to: UINT8 }), c.weight])], 1, { to: FLOAT }), c.scale])
    : g.node('MatMul', [x, c.weight]);
  const split = (v) => T === 1 ? [v] : g.node('Split', [v], T, { axis: 0 });
  const all = net.layers.map((l) => { const c = constants(g, l, at, quantised); at += l.in * l.out; return c; });
  if (layerMajor) {
    for (const c of all) {
      const sums = split(product(x, c));
      let s, y;
      spikes = [];
      for (const a of sums) { [s, y] = step(g, c, a, s, y); spikes.push(y); }
      x = g.node('Concat', spikes, 1, { axis: 0 });
    }
  } else {
    const states = all.map(() => []);
    spikes = split(x).map((x) => {
      all.forEach((c, i) => { states[i] = step(g, c, product(x, c), ...states[i]); x = states[i][1]; });
      return x;
    });
  }
  let sum = spikes[0];
  for (const y of spikes.slice(1)) sum = g.node('Add', [sum, y]);
  g.alias(sum, 'out');
  const last = net.layers.at(-1).out;
  return model(g.bytes([value('x', FLOAT, [T * batch, net.inputs])], [value('out', FLOAT, [batch, last])]));
}

// scan: one step as the body of a Scan.
function scan(batch) {
  const g = new Graph(), body = new Graph(), last = net.layers.at(-1).out;
  let at = 0, x = 'bx';
  body.n = 100000;
  const states = [], ins = [], outs = [];
  net.layers.forEach((l, i) => {
    const c = constants(body, l, at, false);
    at += l.in * l.out;
    const [s, y] = step(body, c, body.node('MatMul', [x, c.weight]), 's' + i, 'y' + i);
    body.alias(s, 'os' + i);
    body.alias(y, 'oy' + i);
    x = y;
    for (const name of ['s', 'y']) {
      states.push(g.constant(FLOAT, [batch, l.out], new Float32Array(batch * l.out)));
      ins.push(value(name + i, FLOAT, [batch, l.out]));
      outs.push(value('o' + name + i, FLOAT, [batch, l.out]));
    }
  });
  body.alias(body.node('Add', ['sum', x]), 'osum');
  states.push(g.constant(FLOAT, [batch, last], new Float32Array(batch * last)));
  ins.push(value('sum', FLOAT, [batch, last]), value('bx', FLOAT, [batch, net.inputs]));
  outs.push(value('osum', FLOAT, [batch, last]));
  const steps = g.node('Reshape', ['x', g.constant(7, [3], new BigInt64Array([BigInt(net.steps), BigInt(batch), BigInt(net.inputs)]))]);
  const done = g.node('Scan', [...states, steps], states.length, { num_scan_inputs: 1, body: body.bytes(ins, outs) });
  g.alias(done.at(-1), 'out');
  return model(g.bytes([value('x', FLOAT, [net.steps * batch, net.inputs])], [value('out', FLOAT, [batch, last])]));
}

const variants = {
  unrolled: (b) => feedForward(b, false, false), layers: (b) => feedForward(b, true, false),
  'int8 unrolled': (b) => feedForward(b, false, true), 'int8 layers': (b) => feedForward(b, true, true), scan,
};
const sessions = new Map();

async function session(variant, batch) {
  const key = variant + batch;
  if (!sessions.has(key)) {
    sessions.set(key, await ort.InferenceSession.create(variants[variant](batch), {
      intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 3,
    }));
  }
  return sessions.get(key);
}

// inputs are tensors [step, sample of the batch, channel].
const inputs = new Map();
function batches(batch) {
  if (!inputs.has(batch)) {
    const list = [], size = net.steps * net.inputs;
    for (let first = 0; first + batch <= net.samples; first += batch) {
      const x = new Float32Array(batch * size);
      for (let k = 0; k < batch; k++) {
        for (let t = 0; t < net.steps; t++) {
          x.set(samples.subarray((first + k) * size + t * net.inputs, (first + k) * size + (t + 1) * net.inputs), (t * batch + k) * net.inputs);
        }
      }
      list.push(new ort.Tensor('float32', x, [net.steps * batch, net.inputs]));
    }
    inputs.set(batch, list);
  }
  return inputs.get(batch);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [variant, size, seconds] = line.split(',');
  const batch = Number(size), s = await session(variant, batch), list = batches(batch);
  const counts = new Float64Array(net.layers.at(-1).out);
  for (const x of list) { // warms up, too
    const { out } = await s.run({ x });
    out.data.forEach((v, i) => { counts[i % counts.length] += v; });
  }
  let n = 0;
  const start = process.hrtime.bigint();
  let now;
  do {
    for (const x of list) await s.run({ x });
    n += list.length * batch;
    now = process.hrtime.bigint();
  } while (Number(now - start) < 1e9 * Number(seconds));
  console.log(JSON.stringify({ us: Number(now - start) / 1e3 / n, counts: Array.from(counts) }));
}
