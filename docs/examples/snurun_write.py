# snurun_write.py
import hashlib
import sys

import msgpack
import numpy as np

import snurun_read


def tensor(a):
    return {"dtype": "f32", "shape": list(a.shape), "data": a.astype("<f4").tobytes()}


def quantised(w, dtype):
    scale = np.maximum(np.abs(w).max(axis=1), 1e-6) / 127
    q = np.rint(w / scale[:, None]).astype("i1")
    return {"dtype": dtype, "shape": list(w.shape), "scale": tensor(scale), "data": q.tobytes()}


def layer(weight, bias, decay):
    out, inputs = weight["shape"]
    return {"kind": "snu", "in": [inputs], "out": [out], "activation": "relu", "output": "step",
            "reset": "zero", "decay": decay, "weight": weight, "bias": tensor(bias)}


def write(path, model):
    body = msgpack.packb({"format": "snurun/model", "version": 2, **model, "sha256": bytes(32)})[:-32]
    with open(path, "wb") as f:
        f.write(body + hashlib.sha256(body).digest())


rng = np.random.default_rng(1)
model = {
    "name": "from Python",
    "dt_ms": 1.0,
    "steps": 10,
    "input": {"shape": [1, 28, 28], "encoder": {"kind": "poisson", "rate_hz": 100.0, "threshold": 0.0}},
    "layers": [
        layer(tensor(rng.normal(0, 0.1, (100, 784))), np.full(100, -0.5), 0.8),
        layer(quantised(rng.normal(0, 0.3, (50, 100)), "q8"), np.full(50, -0.5), 0.8),
        layer(quantised(rng.normal(0, 0.3, (10, 50)), "i8"), np.full(10, -0.5), 0.8),
    ],
    "readout": {"kind": "spike_count"},
}
trains = rng.random((3, 10, 784)) < 0.1
inputs = [{"steps": 10, "size": 784, "spikes": b"".join(map(snurun_read.pack, x))} for x in trains]
model["selftest"] = {"inputs": inputs, "digest": snurun_read.digest(model, inputs)}
write(sys.argv[1], model)
