#!/usr/bin/env python3
"""Writes the fixtures of the tests: a small network with its tensors named as
PyTorch names a state_dict, an input x, and the spikes that snnTorch's equations
make of it.

    python3 make.py     needs numpy

leaky.safetensors carries its description, leaky.npz has leaky.json beside it.
dtypes.safetensors has one tensor of every dtype.
"""

import json
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
f32 = np.float32


def save_safetensors(path, tensors, metadata=None):
    header = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def leaky(i, mem, beta, threshold):
    """snntorch.Leaky and, with its own current, Synaptic: reset_mechanism subtract."""
    reset = (mem > threshold).astype(f32)
    mem = beta * mem + i - reset * threshold
    return (mem > threshold).astype(f32), mem


rng = np.random.default_rng(3)
t = {
    "fc1.weight": rng.normal(0.2, 0.5, (12, 8)).astype(f32),
    "fc1.bias": rng.normal(0, 0.1, 12).astype(f32),
    "lif1.beta": np.array(0.9, f32),
    "lif1.threshold": np.array(1, f32),
    "fc2.weight": rng.normal(0.1, 0.5, (5, 12)).astype(f32),
    "rec.weight": rng.normal(0, 0.3, (5, 5)).astype(f32),
    "rec.bias": rng.normal(0, 0.1, 5).astype(f32),
    "lif2.alpha": rng.uniform(0.2, 0.8, 5).astype(f32),
    "lif2.beta": rng.uniform(0.5, 0.9, 5).astype(f32),
    "x": (rng.random((40, 8)) < 0.3).astype(f32),
}
m1, m2, syn, y2, out = np.zeros(12, f32), np.zeros(5, f32), np.zeros(5, f32), np.zeros(5, f32), []
for x in t["x"]:
    y1, m1 = leaky(t["fc1.weight"] @ x + t["fc1.bias"], m1, t["lif1.beta"], t["lif1.threshold"])
    syn = t["lif2.alpha"] * syn + t["fc2.weight"] @ y1 + t["rec.weight"] @ y2 + t["rec.bias"]
    y2, m2 = leaky(syn, m2, t["lif2.beta"], f32(0.8))
    out.append(y2)
t["spikes"] = np.array(out)

description = {
    "dt_ms": 1,
    "steps": 40,
    "input": {"shape": [8], "encoder": "direct"},
    "layers": [
        {"name": "lif1", "weight": "fc1.weight", "bias": "fc1.bias", "decay": "lif1.beta", "threshold": "lif1.threshold", "reset": "delayed"},
        {"name": "lif2", "weight": "fc2.weight", "recurrent": "rec.weight", "recurrent_bias": "rec.bias",
         "synapse": "lif2.alpha", "decay": "lif2.beta", "threshold": 0.8, "reset": "delayed"},
    ],
}
text = json.dumps(description, indent=1)
raw = {k: ("F32", v.shape, v.astype("<f4").tobytes()) for k, v in t.items()}
save_safetensors(os.path.join(HERE, "leaky.safetensors"), raw, {"format": "pt", "snurun": text})
np.savez(os.path.join(HERE, "leaky.npz"), **t)
with open(os.path.join(HERE, "leaky.json"), "w") as f:
    f.write(text + "\n")

values = [0, 1, -1, 1.5, 2**-14, 2**-24]
whole = [0, 1, -1, 100]
types = {"F64": ("<f8", values), "F32": ("<f4", values), "F16": ("<f2", values),
         "I64": ("<i8", whole), "I32": ("<i4", whole), "I16": ("<i2", whole), "I8": ("i1", whole),
         "U8": ("u1", [0, 1, 255]), "BOOL": ("u1", [0, 1])}
tensors = {k: (k, (1, len(v)), np.array(v, d).tobytes()) for k, (d, v) in types.items()}
tensors["BF16"] = ("BF16", (1, len(values)), (np.array(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes())
tensors["scalar"] = ("F32", (), struct.pack("<f", 7))
tensors["empty"] = ("F32", (0, 3), b"")
save_safetensors(os.path.join(HERE, "dtypes.safetensors"), tensors)
