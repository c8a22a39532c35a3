#!/usr/bin/env python3
"""Checks that files are NIR as the Python package nir 1.x takes them: the types,
names and shapes that its classes assert, and its comparison of shapes along edges.

    python3 check.py FILE...     needs h5py and numpy
"""

import sys

import h5py
import numpy as np

NEURON = {
    "I": {"r"},
    "IF": {"r", "v_threshold", "v_reset"},
    "LI": {"tau", "r", "v_leak"},
    "LIF": {"tau", "r", "v_leak", "v_threshold", "v_reset"},
    "CubaLI": {"tau_mem", "tau_syn", "r", "v_leak", "w_in"},
    "CubaLIF": {"tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "v_reset", "w_in"},
    "Threshold": {"threshold"},
    "Scale": {"scale"},
}
OTHER = {
    "Input": {"shape"},
    "Output": {"shape"},
    "Linear": {"weight"},
    "Affine": {"weight", "bias"},
    "Conv2d": {"input_shape", "weight", "bias", "stride", "padding", "dilation", "groups"},
    "SumPool2d": {"kernel_size", "stride", "padding"},
    "AvgPool2d": {"kernel_size", "stride", "padding"},
    "Flatten": {"input_type", "start_dim", "end_dim"},
}
OPTIONAL = {"v_reset", "w_in"}  # older files lack them


def shapes(kind, p):
    """The shapes in and out, None if the node does not say."""
    if kind in NEURON:
        sizes = {p[k].shape for k in p}
        assert len(sizes) == 1, f"parameters of different shapes: {sizes}"
        return (sizes.copy().pop(),) * 2
    if kind in ("Input", "Output"):
        return (tuple(p["shape"]),) * 2
    if kind in ("Linear", "Affine"):
        out, inputs = p["weight"].shape
        return (inputs,), (out,)
    if kind == "Conv2d" and "input_shape" in p:
        k, s, d, pad = p["weight"].shape[2:], p["stride"], p["dilation"], p["padding"]
        out = [(p["input_shape"][i] + 2 * pad[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i in range(2)]
        return (p["weight"].shape[1] * p["groups"], *p["input_shape"]), (p["weight"].shape[0], *out)
    if kind == "Flatten":
        assert (p["start_dim"], p["end_dim"]) == (0, -1)
        return tuple(p["input_type"]), (np.prod(p["input_type"]),)
    return None, None


def check(path):
    with h5py.File(path, "r") as f:
        f["version"][()].decode()
        graph = f["node"]
        assert graph["type"][()] == b"NIRGraph"
        nodes = {}
        for name, node in graph["nodes"].items():
            kind = node["type"][()].decode()
            p = {k: v[()] for k, v in node.items() if k != "type"}
            want = {**NEURON, **OTHER}[kind]
            if kind == "Conv2d" and p["groups"] > 1:  # which nir.read rejects with a shape
                want = want - {"input_shape"}
            assert want - OPTIONAL <= set(p) <= want, f"{name} ({kind}) has {sorted(p)}"
            nodes[name] = shapes(kind, p)
        edges = [(a.decode(), b.decode()) for a, b in graph["edges"][()]]
        for a, b in edges:
            out, into = nodes[a][1], nodes[b][0]
            assert out is None or into is None or out == into, f"{a} passes on {out}, {b} takes {into}"


for path in sys.argv[1:]:
    try:
        check(path)
    except Exception as e:
        sys.exit(f"{path}: {e!r}")
