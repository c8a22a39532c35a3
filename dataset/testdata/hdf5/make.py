#!/usr/bin/env python3
"""Writes small HDF5 files laid out as those of people: needs h5py and numpy.

Event i of 40 is at t = 100 i + 50 µs, x = 7 i mod 34, y = 5 i mod 34, p = i mod 2.
Sample i of shd.h5 has spikes k of unit (3 k + i) mod 20 at k/512 s, 5 i of them.
"""

import os

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
N = 40
i = np.arange(N)
T, X, Y, P = 100 * i + 50, 7 * i % 34, 5 * i % 34, i % 2


def dsec(f):
    """events/{x,y,p,t} packed, a table of milliseconds, an offset of all times."""
    for name, v, t in (("x", X, "u2"), ("y", Y, "u2"), ("p", P, "u1"), ("t", T, "u4")):
        f.create_dataset("events/" + name, data=v.astype(t), chunks=(16,), compression="gzip", shuffle=True)
    f["ms_to_idx"] = np.searchsorted(T, 1000 * np.arange(5)).astype("u8")
    f["t_offset"] = np.int64(49599300523)


def e2vid(f):
    """events/{xs,ys,ts,ps} of RPG's tools: seconds, polarities as booleans, lzf."""
    f.attrs["sensor_resolution"] = (34, 34)
    for name, v, t in (("xs", X, "i2"), ("ys", Y, "i2"), ("ts", (T + 1589163005000000) / 1e6, "f8"), ("ps", P, "?")):
        f.create_dataset("events/" + name, data=v.astype(t), chunks=(16,), maxshape=(None,), compression="lzf")


def metavision(f):
    """CD/events, records with gaps between their fields, beside triggers."""
    cd = np.dtype({"names": ["x", "y", "p", "t"], "formats": ["<u2", "<u2", "<i2", "<i8"], "offsets": [0, 2, 4, 8], "itemsize": 16})
    data = np.zeros(N, cd)
    data["x"], data["y"], data["p"], data["t"] = X, Y, P, T
    f.create_dataset("CD/events", data=data, chunks=(16,), compression="gzip")
    f.create_dataset("CD/indexes", data=np.zeros(3, [("id", "<u8"), ("ts", "<i8")]))
    f.create_dataset("EXT_TRIGGER/events", data=np.zeros(2, [("p", "<i2"), ("t", "<i8"), ("id", "<i2")]))


def mvsec(f):
    """Two cameras, [N, 4] of x, y, t in seconds and p = 1 or -1 each."""
    rows = np.stack([X, Y, T / 1e6, 2 * P - 1], 1)
    f.create_dataset("davis/left/events", data=rows)
    f.create_dataset("davis/right/events", data=rows[:20])
    f.create_dataset("davis/left/pose", data=np.eye(4))


def v2e(f):
    """[N, 4] of t, x, y, p, that grew."""
    f.create_dataset("events", data=np.stack([T, X, Y, P], 1).astype("u4"), chunks=(10, 4), maxshape=(None, 4), compression="gzip")


def shd(f):
    """spikes/times and spikes/units of variable length, labels, names of classes."""
    n = 4
    times = f.create_dataset("spikes/times", shape=n, dtype=h5py.vlen_dtype(np.dtype("f2")))
    units = f.create_dataset("spikes/units", shape=n, dtype=h5py.vlen_dtype(np.dtype("u2")))
    for s in range(n):
        k = np.arange(5 * s)
        times[s], units[s] = (k / 512).astype("f2"), ((3 * k + s) % 20).astype("u2")
    f["labels"] = np.array([2, 0, 1, 2], "u2")
    f["extra/keys"] = [b"null", b"eins", b"zwei"]
    f["extra/speaker"] = np.zeros(n, "u2")


for write in (dsec, e2vid, metavision, mvsec, v2e, shd):
    with h5py.File(os.path.join(HERE, write.__name__ + ".h5"), "w") as f:
        write(f)
