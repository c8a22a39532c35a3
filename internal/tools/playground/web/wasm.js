// The engine of the page without a server: snurun as WebAssembly, in a worker, so
// that a network at work does not hold up what is drawn.
export class Wasm {
  constructor() {
    this.waiting = [];
    this.worker = new Worker("worker.js");
    this.worker.onmessage = ({ data: { answer, error } }) => {
      const { resolve, reject } = this.waiting.shift();
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    };
    this.worker.onerror = (e) => {
      for (const w of this.waiting.splice(0)) w.reject(new Error(`WebAssembly: ${e.message}`));
    };
  }

  send(request, transfer = []) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request, transfer);
    });
  }

  models() { return this.send({ op: "models" }); }
  ask(model, message) { return this.send({ op: "ask", model, message }, [message.buffer]); }
}
