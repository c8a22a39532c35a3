// Runs snurun and answers one request after the other.
importScripts("wasm_exec.js");

async function bytes(url) {
  const r = await fetch(url);
  if (!r.ok) throw new Error(`${url}: ${r.status} ${r.statusText}`);
  return new Uint8Array(await r.arrayBuffer());
}

// The program is stored gzipped: not every host of files compresses it.
async function start() {
  const packed = new Blob([await bytes("snurun.wasm.gz")]).stream();
  const code = await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(code, go.importObject);
  const isReady = new Promise((resolve) => (self.ready = resolve));
  go.run(instance);
  await isReady;
}

async function models() {
  const list = JSON.parse(new TextDecoder().decode(await bytes("models.json")));
  await started;
  return Promise.all(list.map(async ({ name, file, samples }) => {
    const files = await Promise.all(samples.map((s) => bytes(s.file)));
    const card = snurun.load(name, await bytes(file), samples.map((s) => s.file.split("/").pop()), files, samples.map((s) => s.label));
    if (card instanceof Error) throw card;
    return JSON.parse(card);
  }));
}

const started = start();
let last = Promise.resolve();
onmessage = ({ data }) => {
  last = last.then(async () => {
    try {
      const answer = data.op === "models" ? await models() : snurun.ask(data.model, data.message).buffer;
      postMessage({ answer }, data.op === "ask" ? [answer] : []);
    } catch (e) {
      postMessage({ error: e.message });
    }
  });
};
