#!/usr/bin/env python3
"""Writes the fixtures of the reader's tests and want.json, what
h5py reads from them, both packed by gzip.

    python3 make.py              needs h5py and numpy
    python3 make.py NAME...      writes these files alone, and want.json
    python3 make.py read FILE    prints the entry of want.json for a file
    python3 make.py links FILE   writes a group of more links than a fixture should have

want.json has for each file its datasets by path: kind, shape and values as
strings, floats in hexadecimal, and those of a record or sequence with blanks
between them; or, for what the reader must refuse, an error.
"""

import ctypes
import gzip
import io
import json
import os
import sys

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
REFUSED = {"error": "unsupported"}


def numbers(n, dtype):
    """Distinct values of both signs, as far as dtype has them."""
    values = np.arange(n) * 37 % 101 - 50
    return (values / 4 if np.dtype(dtype).kind == "f" else values).astype(dtype)


def put(group, name, data, layout=None, fill=None, alloc=None):
    """A dataset through the low-level interface, for layouts h5py does not offer."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if layout is not None:
        plist.set_layout(layout)
    if fill is not None:
        plist.set_fill_value(np.array(fill, dtype=data.dtype))
    if alloc is not None:
        plist.set_alloc_time(alloc)
    space = h5py.h5s.create_simple(data.shape)
    d = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(data.dtype), space, plist)
    if fill is None:
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, data)


def types(f):
    """Every datatype, scalar and array; strings; layouts without chunks."""
    for order, label in (("<", "little"), (">", "big")):
        g = f.create_group("types/" + label)
        for t in ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
            g.create_dataset(t, data=numbers(5, order + t))
            g.create_dataset("scalar " + t, data=np.array(numbers(3, order + t)[2]))
    g = f["types/little"]
    g["special f4"] = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], dtype="f4")
    g["extreme i8"] = np.array([-(2**63), 2**63 - 1, 0], dtype="i8")
    g["extreme u8"] = np.array([2**64 - 1, 0], dtype="u8")
    g["bool"] = np.array([True, False, True])

    g = f.create_group("strings")
    text = ["", "Affine", "größe", "a" * 300, " spaces "]
    g.create_dataset("variable", data=text, dtype=h5py.string_dtype())
    g.create_dataset("matrix", data=[["input", "0"], ["0", "output"]], dtype=h5py.string_dtype())
    g.create_dataset("scalar", data="LIF", dtype=h5py.string_dtype())
    g.create_dataset("empty", data="", dtype=h5py.string_dtype())
    g.create_dataset("ascii", data="0.2.0", dtype=h5py.string_dtype("ascii"))
    g.create_dataset("fixed", data=np.array([b"ab", b"abcd", b""], dtype="S4"))
    g.create_dataset("fixed scalar", data=np.bytes_(b"NIRGraph"))
    t = h5py.h5t.C_S1.copy()
    t.set_size(6)
    t.set_strpad(h5py.h5t.STR_SPACEPAD)
    d = h5py.h5d.create(g.id, b"spaces", t, h5py.h5s.create(h5py.h5s.SCALAR))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(b"pad   ", dtype="S6"), t)

    g = f.create_group("layouts")
    put(g, "compact", numbers(7, "f4").reshape(7, 1), h5py.h5d.COMPACT)
    put(g, "compact scalar", np.array(3, "i8"), h5py.h5d.COMPACT)
    put(g, "unwritten", np.empty((2, 3), "f8"), fill=1.5)
    put(g, "unwritten zero", np.empty(3, "i4"), fill=0)
    put(g, "early", np.empty(3, "i2"), fill=-7, alloc=h5py.h5d.ALLOC_TIME_EARLY)
    g.create_dataset("no elements", data=np.empty((0, 3), "f4"))
    g["null"] = h5py.Empty("f4")
    g["rank 5"] = numbers(24, "i2").reshape(1, 2, 3, 4, 1)
    g["same"] = g["rank 5"]

    g = f.create_group("unread")
    g["soft"] = h5py.SoftLink("/types")
    g["external"] = h5py.ExternalLink("other.h5", "/x")
    g["again"] = f["strings"]
    g["cycle"] = g
    g["compound"] = np.zeros(2, dtype=[("a", "i4"), ("b", "f4")])
    g["half"] = np.zeros(2, dtype="f2")
    g["complex"] = np.zeros(2, dtype="c8")
    g["committed"] = np.dtype("i4")
    g.create_dataset("of committed", shape=2, dtype=g["committed"])
    g.create_dataset("sequence", shape=1, dtype=h5py.vlen_dtype("i4"))
    if f.libver[1] != "v108":
        layout = h5py.VirtualLayout(shape=(5,), dtype="f4")
        layout[:] = h5py.VirtualSource("other.h5", "x", shape=(5,))
        g.create_virtual_dataset("virtual", layout)
    g.create_dataset("lzf", data=numbers(9, "i4"), compression="lzf", chunks=(9,))
    g.create_dataset("scale", data=numbers(9, "i4"), scaleoffset=0, chunks=(9,))
    put_external = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    put_external.set_external(b"other.raw", 0, 16)
    h5py.h5d.create(g.id, b"outside", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4,)), put_external)


def chunked(f):
    """Chunks with every pipeline, partial edges, and more than one index node."""
    pipelines = {
        "plain": {},
        "gzip": dict(compression="gzip"),
        "gzip 9 shuffle": dict(compression="gzip", compression_opts=9, shuffle=True),
        "fletcher": dict(fletcher32=True),
        "all": dict(compression="gzip", shuffle=True, fletcher32=True),
        "shuffle": dict(shuffle=True),
    }
    for name, options in pipelines.items():
        g = f.create_group(name)
        g.create_dataset("rank 1", data=numbers(23, "f4"), chunks=(5,), **options)
        g.create_dataset("rank 2", data=numbers(77, ">f8").reshape(7, 11), chunks=(3, 4), **options)
        g.create_dataset("rank 3", data=numbers(60, "i2").reshape(3, 4, 5), chunks=(2, 4, 2), **options)
        g.create_dataset("single", data=numbers(12, "i8").reshape(3, 4), chunks=(3, 4), **options)
        g.create_dataset("holes", shape=(4, 6), dtype="f4", chunks=(2, 2), fillvalue=0.25, **options)
        g["holes"][2:3, 1:3] = -3
        g.create_dataset("unwritten", shape=(4, 6), dtype="i4", chunks=(2, 2), fillvalue=9, **options)
        g.create_dataset("growable", data=numbers(6, "i4").reshape(2, 3), chunks=(2, 2), maxshape=(4, 8), **options)
    g = f.create_group("many")
    g.create_dataset("nodes", data=numbers(150, "i1"), chunks=(1,))
    if f.libver[0] != "earliest":  # a fixed array in pages of 1024, one of them unwritten
        g.create_dataset("pages", shape=(3000,), dtype="i1", chunks=(1,))
        g["pages"][1020:1030] = numbers(10, "i1")
        g["pages"][2998:] = 7
    g.create_dataset("filtered", data=numbers(150, "i2"), chunks=(2,), fletcher32=True)
    # The fletcher32 of a chunk with an odd number of bytes, and with a sum of
    # many words.
    g.create_dataset("odd", data=numbers(2001, "i1"), chunks=(2001,), fletcher32=True)
    g.create_dataset("strings", data=["a", "bc", "", "def", "ghij"], dtype=h5py.string_dtype(), chunks=(2,), compression="gzip")
    # Shuffle leaves the bytes of incomplete elements alone; here it has one element.
    g.create_dataset("one", data=numbers(1, "f8"), chunks=(1,), shuffle=True)


def growing(f):
    """Chunk indexes of datasets that can grow, beyond the reader in new files."""
    f.create_dataset("one way", data=numbers(23, "f4"), chunks=(5,), maxshape=(None,))
    f.create_dataset("two ways", data=numbers(12, "f4").reshape(3, 4), chunks=(2, 2), maxshape=(None, None))
    f.create_dataset("no elements", shape=(0, 3), maxshape=(None, 3), dtype="f4", chunks=(1, 1))
    # An implicit index: allocated early, of fixed size, without filters.
    space = h5py.h5s.create_simple((5, 7))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((2, 3))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    d = h5py.h5d.create(f.id, b"implicit", h5py.h5t.STD_I32LE, space, plist)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, numbers(35, "i4"))


def records(f):
    """Compounds and sequences, as recordings of events have them."""
    event = np.dtype({"names": ["x", "y", "p", "t"], "formats": ["<u2", "<u2", "<i2", "<i8"], "offsets": [0, 2, 4, 8], "itemsize": 16})
    data = np.zeros(23, event)
    for name in data.dtype.names:
        data[name] = np.abs(numbers(23, data.dtype[name]))
    f.create_dataset("events", data=data, chunks=(5,), compression="gzip", shuffle=True, maxshape=(None,) if f.libver[0] == "earliest" else None)
    mixed = np.zeros((2, 2), dtype=[("half", ">f2"), ("name", "S3"), ("on", "?"), ("big", ">i4"), ("word", h5py.string_dtype())])
    mixed["half"], mixed["name"], mixed["on"], mixed["big"], mixed["word"] = [[0.5, -2], [1, 0]], b"ab", [[True, False], [False, True]], -7, "w"
    f["mixed"] = mixed
    f.create_dataset("unwritten", shape=3, dtype=event)
    f.create_dataset("none", shape=0, dtype=event)
    g = f.create_group("spikes")
    for name, t in (("times", "<f2"), ("units", "<u2"), ("wide", "<f8"), ("signed", "<i1")):
        d = g.create_dataset(name, shape=4, dtype=h5py.vlen_dtype(np.dtype(t)), **({"chunks": (2,), "compression": "gzip"} if name == "units" else {}))
        for i, n in enumerate((3, 0, 60, 1)):
            d[i] = numbers(n, t)
    f.create_dataset("words", data=np.array([0, 2], "i8"), dtype=h5py.enum_dtype({"a": 0, "long name": 1, "c": 2}, basetype="i8"))
    g = f.create_group("unread")
    g.create_dataset("array", shape=2, dtype=np.dtype([("a", "i4", (3,))]))
    g.create_dataset("nested", shape=2, dtype=np.dtype([("a", [("b", "i4")])]))
    g.create_dataset("sequences of strings", shape=2, dtype=h5py.vlen_dtype(h5py.string_dtype()))
    g.create_dataset("sequences in records", shape=2, dtype=np.dtype([("a", h5py.vlen_dtype("i4"))]))


def links(f):
    """More links than one node of any index holds, and a header in pieces."""
    d = f.create_dataset("x", data=numbers(2, "f4"))
    for i in range(200):
        f["many/link %03d" % (i * 7 % 200)] = d
    f["long/" + "n" * 700] = d
    f.create_group("empty")
    for name in ("data", "group"):
        o = f.create_dataset("pieces/data", data=numbers(4, "i4")) if name == "data" else f.create_group("pieces/group")
        for i in range(7):
            o.attrs["attribute %d" % i] = np.arange(10 * i, dtype="f4")
            if name == "group":
                o["member %d" % i] = d


def tracked(f):
    """Groups that track the order of creation, few members and many."""
    for name, n in (("few", 3), ("many", 60)):
        g = f.create_group(name, track_order=True)
        for i in range(n):
            g["%03d" % (n - i)] = np.int64(i)


def nir(f):
    """A graph as the nir package writes it, values compressed by default."""
    f.create_dataset("version", data="1.0.4", dtype=h5py.string_dtype())
    node = f.create_group("node")
    node.create_dataset("type", data="NIRGraph", dtype=h5py.string_dtype())
    node.create_dataset("edges", data=[("input", "fc"), ("fc", "lif"), ("lif", "output")])
    nodes = node.create_group("nodes")
    arrays = {
        "input": ("Input", {"shape": np.array([12])}),
        "fc": ("Affine", {"weight": numbers(240, "f4").reshape(20, 12), "bias": numbers(20, "f4")}),
        "lif": ("LIF", {k: numbers(20, "f8") for k in ("tau", "r", "v_leak", "v_reset", "v_threshold")}),
        "output": ("Output", {"shape": np.array([20])}),
    }
    for name, (kind, values) in arrays.items():
        g = nodes.create_group(name)
        g.create_dataset("type", data=kind, dtype=h5py.string_dtype())
        for k, v in values.items():
            g.create_dataset(k, data=v, dtype=v.dtype, compression="gzip")


def narrow():
    """A file with addresses and lengths of 4 bytes."""
    plist = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    plist.set_sizes(4, 4)
    return plist


def superblock1():
    """A file whose superblock has version 1: a chunk B-tree of other than usual
    fan-out, which h5py offers no function for."""
    plist = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    library = next(l.split()[-1] for l in open("/proc/self/maps") if "libhdf5" in l and "_hl" not in l)
    if ctypes.CDLL(library).H5Pset_istore_k(ctypes.c_int64(plist.id), 2) < 0:
        raise RuntimeError("H5Pset_istore_k failed")
    return plist


FILES = [  # name, contents, libver, file creation
    ("types-old", types, "earliest", None),
    ("types-108", types, ("v108", "v108"), None),
    ("types-new", types, "latest", None),
    ("chunked-old", chunked, "earliest", None),
    ("chunked-new", chunked, "latest", None),
    ("growing-old", growing, "earliest", None),
    ("growing-new", growing, "latest", None),
    ("records-old", records, "earliest", None),
    ("records-new", records, "latest", None),
    ("links-old", links, "earliest", None),
    ("links-new", links, "latest", None),
    ("tracked", tracked, "latest", None),
    ("nir-old", nir, "earliest", None),
    ("nir-new", nir, "latest", None),
    ("narrow-old", nir, "earliest", narrow),
    ("narrow-new", links, "latest", narrow),
    ("superblock1", growing, "earliest", superblock1),
]


def text(v):
    """A number as want.json has it."""
    if isinstance(v, (str, bytes)):
        return "-"
    return "%g" % v if isinstance(v, (float, np.floating)) else str(int(v))


def want(f, file):
    """What the reader must give, or an error."""
    out = {}

    def visit(group, path):
        for name in group:
            link = group.get(name, getlink=True)
            at = path + "/" + name
            if path == "/unread" and name not in ("half", "lzf", "compound", "complex", "sequence") or file == "growing-new" and name != "implicit":
                out[at] = REFUSED
                continue
            assert isinstance(link, h5py.HardLink)
            o = group[name]
            if isinstance(o, h5py.Group):
                visit(o, at)
                continue
            entry = {"shape": [0] if o.shape is None else list(o.shape)}
            if name == "complex":
                entry.update(kind="records", values=[text(v.real) + " " + text(v.imag) for v in o[()].ravel()])
            elif o.dtype.names:
                entry.update(kind="records", values=[" ".join(text(x) for x in v) for v in o[()].ravel()])
            elif isinstance(h5py.check_vlen_dtype(o.dtype), np.dtype):
                entry.update(kind="sequences", values=[" ".join(text(x) for x in v) for v in o[()].ravel()])
            elif h5py.check_string_dtype(o.dtype) is not None:
                values = np.asarray(o.asstr()[()]).ravel().tolist()
                entry.update(kind="strings", values=values)
                if name == "spaces":  # h5py keeps the padding
                    entry["values"] = [v.rstrip(" ") for v in values]
            else:
                values = [] if o.shape is None else np.asarray(o[()]).ravel().tolist()
                if o.dtype.kind == "f":
                    entry.update(kind="floats", values=[float(v).hex() for v in values])
                else:
                    entry.update(kind="integers", values=[str(int(v)) for v in values])
            out[at] = entry

    visit(f, "")
    return out


def pack(path, data):
    with open(path + ".gz", "wb") as f:
        f.write(gzip.compress(data, mtime=0))


def main(names):
    expected = {}
    for name, contents, libver, creation in FILES:
        path = os.path.join(HERE, name + ".h5")
        if names and name not in names:
            with gzip.open(path + ".gz") as f, h5py.File(io.BytesIO(f.read()), "r") as f:
                expected[name] = want(f, name)
            continue
        if creation is None:
            f = h5py.File(path, "w", libver=libver)
        else:
            access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
            low = h5py.h5f.LIBVER_LATEST if libver == "latest" else h5py.h5f.LIBVER_EARLIEST
            access.set_libver_bounds(low, h5py.h5f.LIBVER_LATEST)
            f = h5py.File(h5py.h5f.create(path.encode(), h5py.h5f.ACC_TRUNC, creation(), access))
        with f:
            contents(f)
        with h5py.File(path, "r") as f:
            expected[name] = want(f, name)
        with open(path, "rb") as f:
            pack(path, f.read())
        os.remove(path)
    pack(os.path.join(HERE, "want.json"), json.dumps(expected).encode())


if len(sys.argv) == 1 or sys.argv[1] in [f[0] for f in FILES]:
    main(sys.argv[1:])
elif sys.argv[1] == "read":
    with h5py.File(sys.argv[2], "r") as f:
        print(json.dumps(want(f, "")))
elif sys.argv[1] == "links":
    with h5py.File(sys.argv[2], "w", libver="latest") as f:
        d = f.create_dataset("x", data=numbers(2, "f4"))
        for i in range(3000):
            f["many/%s%04d" % ("n" * (i % 60 * 10), i * 7 % 3000)] = d
