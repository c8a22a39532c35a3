# snurun_read.py
import hashlib
import itertools
import sys

import msgpack
import numpy as np

f32 = np.float32


def load(path):
    data = open(path, "rb").read()
    if hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise ValueError("the file is damaged")
    m = msgpack.unpackb(data)
    if m["format"] != "snurun/model" or m["version"] not in (1, 2, 3, 4):
        raise ValueError("not a snurun model of version 1 to 4")
    return m


def parameter(p, n):
    p = tensor(p) if isinstance(p, dict) else f32(p)
    return np.repeat(p, n // p.size)  # one for all, one a channel or one each


def tensor(t):
    dtype = {"f32": "<f4", "i8": "i1", "q8": "i1"}[t["dtype"]]
    a = np.frombuffer(t["data"], dtype).reshape(t["shape"])
    if t["dtype"] == "q8":  # the integers, and their scales apart
        return a.astype(np.int64), parameter(t["scale"], len(a))
    a = a.astype(f32)
    if t["dtype"] == "i8":
        a = (a.T * parameter(t["scale"], len(a))).T
    return a


def series(encoder, x):
    """The spikes [steps, channels] that an encoder `series` makes of values [steps, width]."""
    delta, v = np.array(encoder["delta"], f32), x.astype(f32)
    if encoder.get("difference"):
        v = np.vstack([v[:1] * f32(0), v[1:] - v[:-1]])
    r, spikes = v[0], np.zeros((len(v), 2 * len(delta)), f32)
    for t, now in enumerate(v):
        up, down = now - r >= delta, r - now >= delta
        r = np.where(up, r + delta, np.where(down, r - delta, r))
        spikes[t, 0::2], spikes[t, 1::2] = up, down
    return spikes


def exp(x):
    x = np.clip(x, f32(-87), f32(88))
    n = (x * f32(1.4426950408889634) + f32(12582912)) - f32(12582912)
    r = (x - n * f32(0.693359375)) - n * f32(-2.12194440e-4)
    p = f32(0.0013814539415781828) * r + f32(0.00836874544620514)
    for c in 0.04166838899254799, 0.1666652113199234, 0.4999999403953552:
        p = p * r + f32(c)
    y = (p * (r * r) + r) + f32(1)
    return (y.view(np.int32) + (n.astype(np.int32) << 23)).view(f32)


def entries(v):
    """(i, x) of each x other than 0; then the x that integers take, and the factor it lost."""
    return [(i, v[i], v[i], f32(1)) for i in np.flatnonzero(v)]


class Flatten:
    def __init__(self, d):
        pass

    def step(self, x):
        return x


class Window:
    """The window of a conv2d or pool2d layer."""

    def __init__(self, d, kernel, stride):
        self.shape, self.out = d["in"], d["out"]
        self.axes = list(zip(d["out"][1:], kernel, d.get("stride", stride),
                             d.get("padding", [0, 0]), d.get("dilation", [1, 1])))

    def seeing(self, i):
        """The channel of input i and, ascending, (row, n), (column, m) of each window that sees it."""
        channel, *place = np.unravel_index(i, self.shape)
        axes = [[(y, (at + padding - y * stride) // dilation) for y in range(count)
                 if at + padding - y * stride in range(0, kernel * dilation, dilation)]
                for at, (count, kernel, stride, padding, dilation) in zip(place, self.axes)]
        return channel, itertools.product(*axes)


class Pool2D:
    def __init__(self, d):
        self.window, self.pool = Window(d, d["kernel"], d["kernel"]), d["pool"]
        self.f = {"sum": f32(1), "avg": f32(1) / f32(np.prod(d["kernel"])), "max": f32(1)}[self.pool]
        self.seen = [0] * int(np.prod(d["out"]))
        for i in range(int(np.prod(d["in"]))):
            for j in self.seeing(i):
                self.seen[j] += 1

    def seeing(self, i):
        k, windows = self.window.seeing(i)
        return [np.ravel_multi_index((k, y, v), self.window.out) for (y, _), (v, _) in windows]

    def step(self, x):
        out = [(j, value * self.f, whole, f * self.f) for i, value, whole, f in x for j in self.seeing(i)]
        if self.pool != "max":
            return out
        values = {}
        for j, value, _, _ in out:
            values.setdefault(j, []).append(value)
        largest = [(j, max(v + [f32(0)] * (len(v) < self.seen[j]))) for j, v in sorted(values.items())]
        return [(j, m, m, f32(1)) for j, m in largest if m != 0]


class Units:
    """A layer with neurons."""

    def __init__(self, d):
        n = int(np.prod(d["out"]))
        self.kind = d["activation"], d["output"], d["reset"]
        self.slope, self.floor = f32(d.get("slope", 0)), f32(d.get("floor", 0))
        self.most, self.value = f32(d.get("max_spikes", 1 << 20)), f32(d.get("spike_value", 0) or 1)
        self.W, self.scale = self.weights(d["weight"])
        self.W = self.W.T  # row i: what input i adds
        if self.scale is not None:
            self.scale = np.repeat(self.scale, n // self.scale.size)
        self.H = None
        if "recurrent" in d:
            self.H, self.rscale = self.weights(d["recurrent"])
            self.H = self.H.T
        self.c, self.alpha, self.l, self.b, self.theta, self.s = (
            parameter(d.get(k, 0), n) for k in ("current", "synapse", "decay", "bias", "theta", "initial"))
        self.y, self.q, self.v = np.zeros(n, f32), np.zeros(n, f32), np.zeros(n, f32)

    @staticmethod
    def weights(t):
        return tensor(t) if t["dtype"] == "q8" else (tensor(t), None)

    def add(self, a, i, value):
        a += self.W[i] * value

    def sums(self, x):
        a = self.c + f32(0)
        for i, value, _, _ in x:
            self.add(a, i, value)
        if self.H is not None:
            for k, y, _, _ in entries(self.v):
                a += self.H[k] * y
        return a

    def integer_sums(self, x):
        n, f = np.zeros(len(self.c), np.int64), f32(1)
        for i, _, whole, f in x:
            self.add(n, i, int(whole))
        a = (self.c + f32(0)) + (self.scale * f) * n.astype(f32)
        if self.H is not None:
            a = a + self.rscale * (self.y.astype(np.int64) @ self.H).astype(f32)
        return a

    def step(self, x):
        activation, output, reset = self.kind
        a = self.sums(x) if self.scale is None else self.integer_sums(x)
        a = self.q = a + self.alpha * self.q  # without a synapse alpha is 0, which changes nothing
        r = self.l * self.s
        above = (reset == "lagged") & ((self.s + self.b * self.y) + self.b > 0)
        if reset == "zero" and output == "count":
            p = np.where(self.y != 0, a, a + r)
        elif reset == "zero":
            p = a + r * (f32(1) - self.y)
        elif reset in ("subtract", "lagged"):
            p = (a + r) - self.theta * self.y
        elif reset == "refractory":
            p = np.where(self.y != 0, f32(0), a + r)
        elif reset == "lateral":
            p = a + r * (f32(1) - self.y.max())
        else:
            p = {"none": a + r}[reset]
        low = {"identity": lambda: p, "relu": lambda: f32(0),
               "leaky_relu": lambda: self.slope * p, "elu": lambda: exp(p) - f32(1),
               "clipped": lambda: self.floor}[activation]()
        self.s = np.where(p > (self.floor if activation == "clipped" else 0), p, low)
        self.u = self.s + self.b
        w = np.where(above, self.u + self.b, self.u)
        if output == "none":
            self.v = self.s
        elif output == "count":
            self.y = np.where(w >= 0, np.minimum(np.floor(self.s / -self.b), self.most), f32(0))
            self.v = self.y * self.value
        else:
            self.v = self.y = {"step": lambda: (w > 0).astype(f32),
                               "sigmoid": lambda: f32(1) / (f32(1) + exp(-self.u))}[output]()
        return entries(self.v)


class Conv2D(Units):
    def __init__(self, d):
        super().__init__(d)
        self.W, _ = self.weights(d["weight"])
        self.window = Window(d, self.W.shape[2:], [1, 1])
        self.per_group = d["out"][0] // d.get("groups", 1)

    def add(self, a, i, value):
        c, windows = self.window.seeing(i)
        group, c = divmod(c, self.W.shape[1])
        k = slice(group * self.per_group, (group + 1) * self.per_group)
        planes = a.reshape(self.window.out)
        for (y, n), (v, m) in windows:
            planes[k, y, v] += self.W[k, c, n, m] * value


KINDS = {"snu": Units, "dense": Units, "conv2d": Conv2D, "pool2d": Pool2D, "flatten": Flatten}


def pack(y):
    """Spikes of a step, as 0 and 1, to 64-bit words."""
    padded = np.zeros(-(-len(y) // 64) * 64, bool)
    padded[:len(y)] = y
    return np.packbits(padded, bitorder="little").tobytes()


def unpack(t):
    """An input of the self-test to an array [steps, size]."""
    if "values" in t:
        return np.frombuffer(t["values"], "<f4").reshape(t["steps"], t["size"]).astype(f32)
    words = np.frombuffer(t["spikes"], np.uint8).reshape(t["steps"], -1)
    return np.unpackbits(words, axis=1, bitorder="little")[:, :t["size"]].astype(f32)


def run(m, x):
    """Runs x, an array [steps, size]; returns class, scores (of the last step) and the bytes for the digest."""
    layers, kind, seen = [KINDS[d["kind"]](d) for d in m["layers"]], m["readout"]["kind"], []
    last = layers[-1]
    scores = np.full(len(last.y), -np.inf if kind == "membrane_max" else 0, f32)
    for t, v in enumerate(x, 1):
        passed = {-1: entries(v)}
        for i, (d, l) in enumerate(zip(m["layers"], layers)):
            passed[i] = l.step([e for k in d.get("from") or [i - 1] for e in passed[k]])
            if isinstance(l, Units):
                seen.append(pack(l.v) if d["output"] == "step" else l.v.astype("<f4").tobytes())
        v = last.v
        if kind == "membrane_max":
            scores = np.where((v > scores) | (v == scores) & ~np.signbit(v), v, scores)
        elif kind == "first_spike":
            scores = np.where((v > 0) & (scores == 0), f32(1) / f32(t), scores)
        else:
            scores = {"spike_count": scores + v, "membrane_sum": scores + v, "step_class": v, "step_set": v}[kind]
    best = max(range(len(scores)), key=lambda j: (scores[j], last.u[j], -j))
    return best, scores, b"".join(seen) + scores.astype("<f4").tobytes()


def sound(m, x):
    """Samples x to spikes [steps, channels], by the encoder sound."""
    e = m["input"]["encoder"]
    filters, levels, hop = tensor(e["filters"]), tensor(e["levels"]), e["hop"]
    smoothing, fall, rise, above, quiet = (f32(e[k]) for k in ("smoothing", "fall", "rise", "above", "quiet"))
    bands, sections, _ = filters.shape
    taken, v = np.zeros((2, bands, sections), f32), np.zeros((2, bands, sections), f32)
    E, Z, L, steps = np.zeros(bands, f32), f32(0), quiet, []
    for step in np.asarray(x, f32)[:len(x) // hop * hop].reshape(-1, hop):
        total = np.zeros(bands, f32)
        for sample in step:
            u = np.full(bands, sample)
            for s in range(sections):
                g, c1, c2 = filters[:, s].T
                y = (g * (u - taken[1, :, s]) + c1 * v[0, :, s]) + c2 * v[1, :, s]
                taken[:, :, s], v[:, :, s] = (u, taken[0, :, s]), (y, v[0, :, s])
                u = y
            total += np.abs(u)
        E += smoothing * (total * (f32(1) / f32(hop)) - E)
        M = np.cumsum(E)[-1]  # which adds one after the other
        Z = M if M < Z else Z + rise * (M - Z)
        L = max(fall * L, M, above * Z, quiet)
        steps.append((E > levels.T * L).ravel())
        v[np.abs(v) < 2.0 ** -60], E[np.abs(E) < 2.0 ** -60] = 0, 0
        taken[:, :, 1:] = v[:, :, :-1]
    return np.array(steps, f32).reshape(-1, bands * levels.shape[1])


def digest(m, inputs):
    return hashlib.sha256(b"".join(run(m, unpack(t))[2] for t in inputs)).digest()


if __name__ == "__main__":
    model = load(sys.argv[1])
    test = model["selftest"]
    if digest(model, test["inputs"]) != test["digest"]:
        sys.exit("the self-test fails")
    for t in test["inputs"]:
        print("class", *run(model, unpack(t))[:2])
