#!/usr/bin/env python3
"""Makes models whose resets NIR does not say, and records what snnTorch computes of the
NIR file that snurun writes of each, told of the reset as docs/CONVERT.md says.

    python3 make.py SNURUN     needs numpy, torch, nir, nirtorch and snntorch

The seed is the first with which a tenth to 45 % of the values of each layer are spikes.
"""

import json
import os
import subprocess
import sys
import tempfile

import nir
import numpy as np
import snntorch
import torch
from snntorch.import_nir import import_from_nir

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 60


def snurun(*args):
    subprocess.run([sys.argv[1], *args], check=True, capture_output=True)


def model(folder, reset, seed):
    """A random model, thresholds differing within its first layer, and an input."""
    r = np.random.default_rng(seed)
    w1, w2, b1 = r.normal(0, 0.45, (6, 8)), r.normal(0.1, 0.6, (4, 6)), r.normal(0, 0.05, 6)
    t1, d1 = r.uniform(0.8, 1.4, 6), r.uniform(0.8, 0.95, 6)
    arrays = {"w1": w1, "w2": w2, "b1": b1, "t1": t1, "d1": d1}
    np.savez(folder + "/model.npz", **{k: v.astype("f4") for k, v in arrays.items()})
    layers = [
        {"weight": "w1", "bias": "b1", "decay": "d1", "threshold": "t1", "reset": reset},
        {"weight": "w2", "decay": 0.8, "threshold": 0.8, "reset": reset},
    ]
    with open(folder + "/model.json", "w") as f:
        json.dump({"dt_ms": 0.1, "steps": STEPS, "input": {"shape": [8], "encoder": "direct"}, "layers": layers}, f)
    x = np.concatenate([r.integers(0, 2, (STEPS // 2, 8)), r.uniform(-0.4, 1, (STEPS // 2, 8))]).astype("f4")
    np.save(folder + "/x.npy", x)
    return x


def compute(file, reset, x):
    """The spikes of each layer of snnTorch's network."""
    net = import_from_nir(nir.read(file))
    neurons = [m for m in net.modules() if isinstance(m, (snntorch.Leaky, snntorch.Synaptic))]
    spikes = [[] for _ in neurons]
    for m, all_of in zip(neurons, spikes):
        if reset in ("delayed", "lagged"):
            m.reset_mechanism = "subtract"
            m.state_function = m._base_sub
        m.reset_delay = reset in ("delayed", "refractory")
        m.register_forward_hook(lambda m, i, o, all_of=all_of: all_of.append(o[0].numpy().ravel().copy()))
    state = None
    with torch.no_grad():
        for t in range(STEPS):
            _, state = net(torch.tensor(x[t : t + 1]), state)
    return [np.array(s, "f4") for s in spikes]


for reset in ("delayed", "lagged", "refractory"):
    folder = os.path.join(HERE, reset)
    os.makedirs(folder, exist_ok=True)
    for seed in range(100):
        x = model(folder, reset, seed)
        with tempfile.TemporaryDirectory() as dir:
            snurun("convert", folder + "/model.npz", dir + "/m.msgpack", "--layers", folder + "/model.json")
            snurun("convert", dir + "/m.msgpack", dir + "/m.nir", "--to", "snntorch")
            spikes = compute(dir + "/m.nir", reset, x)
        if all(0.1 <= s.mean() <= 0.45 for s in spikes):
            break
    np.savez(folder + "/y-snntorch.npz", **{"layer%d.spikes" % i: s for i, s in enumerate(spikes)})
    print(reset, "seed", seed, [float(s.mean()) for s in spikes])
