package dataset

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

var nan = math.NaN()

func encoder(t testing.TB, n int, e model.Encoder) *Encoder {
	t.Helper()
	enc, err := NewEncoder(model.Input{Shape: []int{n}, Dt: 1, Encoder: e})
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func ptr(x float64) *float64 { return &x }

// poissonOracle draws every channel on its own from the numbers that the
// documentation names.
func poissonOracle(x []byte, e model.Encoder, steps int, key Key) spike.Train {
	train := spike.NewTrain(steps, len(x))
	for s := range steps {
		for i, v := range x {
			p := e.RateHz / 1000 * (float64(v) / 255)
			if e.Threshold != nil {
				p = 0
				if float64(v)/255 > *e.Threshold {
					p = e.RateHz / 1000
				}
			}
			fraction := uint32(0)
			for b := 31; b >= 0; b-- {
				place := uint64(s)<<32 + uint64(i/64)<<5 + uint64(32-b)
				fraction |= uint32(key.Uint64(place)>>(i%64)&1) << b
			}
			limit := uint64(math.Round(p * (1 << 32)))
			if uint64(fraction) < limit || limit >= 1<<32-1 {
				train.At(s).Set(i)
			}
		}
	}
	return train
}

func TestPoissonAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 7, 63, 64, 65, 128, 200, 784} {
		for _, rate := range []float64{1e-9, 1, 100, 250, 999.9999999, 1000, 1500, 1e9} {
			for _, threshold := range []*float64{nil, ptr(-1), ptr(0), ptr(0.3), ptr(128.0 / 255), ptr(0.7), ptr(1), ptr(nan)} {
				e := model.Encoder{Coding: model.Poisson, RateHz: rate, Threshold: threshold}
				x := make([]byte, n)
				for i := range x {
					if r.IntN(3) > 0 {
						x[i] = byte(r.Uint32())
					}
				}
				clear(x[:r.IntN(n)])
				key := Key{r.Uint64(), r.Uint64()}
				got := spike.NewTrain(5, n)
				for i := range got.Words() {
					got.Words()[i] = r.Uint64() // Encode overwrites
				}
				if err := encoder(t, n, e).Encode(got, x, key); err != nil {
					t.Fatal(err)
				}
				if want := poissonOracle(x, e, 5, key); !slices.Equal(got.Words(), want.Words()) {
					t.Fatalf("n=%d, rate %v, threshold %v: the train differs from the oracle's", n, rate, threshold)
				}
			}
		}
	}
}

// The words are pinned: they must be the same in every version and on every
// architecture.
func TestEncodeIsPinned(t *testing.T) {
	x := make([]byte, 130)
	for i := range x {
		x[i] = byte(i * 37)
	}
	for _, c := range []struct {
		enc  model.Encoder
		want []uint64
	}{
		{model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: ptr(0)}, []uint64{0x208001000200020, 0x5000400001800080, 0x0, 0x42018200000000, 0x40000100a0802, 0x1}},
		{model.Encoder{Coding: model.Poisson, RateHz: 1000}, []uint64{0x568981b60e122828, 0x58b064e803ced6bf, 0x1, 0x58c9a3a788162068, 0xdc1c6cd1d34e1c3a, 0x3}},
		{model.Encoder{Coding: model.Latency}, []uint64{0x78f1e3870e1c3870, 0x1c3870e1c38f1e3c, 0x3, 0x870e1c78f1e3c78e, 0xe3c78f1e3c70e1c3, 0x0}},
	} {
		dst := spike.NewTrain(2, len(x))
		if err := encoder(t, len(x), c.enc).Encode(dst, x, Key{Seed: 3, Sample: 4}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(dst.Words(), c.want) {
			t.Errorf("%s: %#x, expected %#x", c.enc.Coding, dst.Words(), c.want)
		}
	}
}

func TestFewerStepsAreThePrefix(t *testing.T) {
	x := make([]byte, 100)
	for i := range x {
		x[i] = 255
	}
	e := encoder(t, 100, model.Encoder{Coding: model.Poisson, RateHz: 300})
	short, long := spike.NewTrain(3, 100), spike.NewTrain(9, 100)
	if err := errors.Join(e.Encode(short, x, Key{5, 6}), e.Encode(long, x, Key{5, 6})); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(short.Words(), long.Slice(0, 3).Words()) {
		t.Error("3 steps are not the first 3 of 9")
	}
}

// deviation returns by how many standard deviations k successes in n trials of
// probability p are off.
func deviation(k, n int, p float64) float64 {
	return math.Abs(float64(k)-float64(n)*p) / math.Sqrt(float64(n)*p*(1-p))
}

// The rate of every channel, and how often two neighbours in channel, word,
// step, sample, epoch and seed spike together, must be those of independent
// draws.
func TestNoiseIsIndependent(t *testing.T) {
	const n, steps, samples = 128, 40, 500
	for _, p := range []float64{0.1, 0.5} {
		e := encoder(t, n, model.Encoder{Coding: model.Poisson, RateHz: 1000 * p, Threshold: ptr(0)})
		x := make([]byte, n)
		for i := range x {
			x[i] = 1
		}
		draw := func(key Key) spike.Train {
			dst := spike.NewTrain(steps, n)
			if err := e.Encode(dst, x, key); err != nil {
				t.Fatal(err)
			}
			return dst
		}
		counts := make([]int, n)
		both := make(map[string]int)
		trials := make(map[string]int)
		pair := func(name string, a, b uint64, width int) {
			both[name] += bits.OnesCount64(a & b)
			trials[name] += width
		}
		for sample := range uint64(samples) {
			train := draw(Key{1, sample})
			train.AddCounts(counts)
			others := map[string]spike.Train{
				"sample":      draw(Key{1, sample + 1}),
				"seed":        draw(Key{2, sample}),
				"epoch":       draw(Key{1, sample}.Epoch(0)),
				"next epoch":  draw(Key{1, sample}.Epoch(1)),
				"seed+sample": draw(Key{sample, 1}),
			}
			for s := range steps {
				v := train.At(s)
				pair("channel", v[0], v[0]>>1, 63)
				pair("word", v[0], v[1], 64)
				pair("word and channel", v[0], v[1]>>1, 63)
				if s > 0 {
					pair("step", v[0], train.At(s - 1)[0], 64)
					pair("step and word", v[0], train.At(s - 1)[1], 64)
				}
				for name, other := range others {
					if name != "seed+sample" || sample != 1 {
						pair(name, v[0], other.At(s)[0], 64)
						pair(name+" and step", v[0], other.At((s + 1) % steps)[0], 64)
					}
				}
			}
		}
		for i, k := range counts {
			if z := deviation(k, steps*samples, p); z > 5 {
				t.Errorf("p=%v: channel %d spiked %d times in %d, %.1f standard deviations off", p, i, k, steps*samples, z)
			}
		}
		for name, k := range both {
			if z := deviation(k, trials[name], p*p); z > 5 {
				t.Errorf("p=%v: neighbours in %s spiked together %d times in %d, %.1f standard deviations off", p, name, k, trials[name], z)
			}
		}
	}
}

// Every intensity must spike at its own rate.
func TestRateFollowsIntensity(t *testing.T) {
	const steps = 20000
	x := make([]byte, 256)
	for i := range x {
		x[i] = byte(i)
	}
	dst := spike.NewTrain(steps, len(x))
	if err := encoder(t, len(x), model.Encoder{Coding: model.Poisson, RateHz: 1000}).Encode(dst, x, Key{}); err != nil {
		t.Fatal(err)
	}
	counts := make([]int, len(x))
	dst.AddCounts(counts)
	if counts[0] != 0 || counts[255] != steps {
		t.Errorf("intensities 0 and 1 spiked %d and %d times of %d", counts[0], counts[255], steps)
	}
	for v := 1; v < 255; v++ {
		if z := deviation(counts[v], steps, float64(v)/255); z > 5 {
			t.Errorf("intensity %d/255 spiked %d times in %d, %.1f standard deviations off", v, counts[v], steps, z)
		}
	}
}

func TestLatency(t *testing.T) {
	for _, c := range []struct {
		steps     int
		threshold *float64
		want      map[byte]int // the step at which an intensity spikes
	}{
		{10, nil, map[byte]int{255: 0, 230: 0, 229: 1, 128: 4, 127: 5, 26: 8, 25: 9, 1: 9}},
		{1, nil, map[byte]int{255: 0, 1: 0}},
		{255, nil, map[byte]int{255: 0, 254: 1, 1: 254}},
		{10, ptr(0.5), map[byte]int{255: 0, 128: 4}},
		{10, ptr(-1), map[byte]int{255: 0, 0: 9}},
		{0, nil, nil},
	} {
		x := []byte{0, 1, 25, 26, 127, 128, 229, 230, 254, 255}
		dst := spike.NewTrain(c.steps, len(x))
		if err := encoder(t, len(x), model.Encoder{Coding: model.Latency, Threshold: c.threshold}).Encode(dst, x, Key{}); err != nil {
			t.Fatal(err)
		}
		counts := make([]int, len(x))
		dst.AddCounts(counts)
		for i, v := range x {
			if float64(v)/255 > 0 && c.threshold == nil && c.steps > 0 && counts[i] != 1 {
				t.Errorf("%d steps: intensity %d spiked %d times, expected once", c.steps, v, counts[i])
			}
			if at, ok := c.want[v]; ok && (counts[i] != 1 || !dst.At(at).Get(i)) {
				t.Errorf("%d steps: intensity %d did not spike at step %d alone", c.steps, v, at)
			}
			if c.threshold != nil && float64(v)/255 <= *c.threshold && counts[i] != 0 {
				t.Errorf("%d steps: intensity %d spiked below the threshold", c.steps, v)
			}
		}
	}
}

func TestDirect(t *testing.T) {
	e := encoder(t, 3, model.Encoder{Coding: model.Direct})
	dst := spike.NewValues(2, 3)
	if err := e.Encode(dst, []byte{0, 51, 255}, Key{}); err != nil {
		t.Fatal(err)
	}
	for s := range 2 {
		if !slices.Equal(dst.At(s), []float32{0, 0.2, 1}) {
			t.Errorf("step %d is %v, expected 0, 0.2, 1", s, dst.At(s))
		}
	}
	if !e.Analog() || e.Size() != 3 {
		t.Errorf("analog %v, size %d", e.Analog(), e.Size())
	}
}

func TestEncoderRefuses(t *testing.T) {
	poisson := model.Encoder{Coding: model.Poisson, RateHz: 100}
	for name, c := range map[string]struct {
		shape []int
		enc   model.Encoder
		dt    model.Millis
		want  error
	}{
		"events":       {[]int{4}, model.Encoder{Coding: model.Events, BinUS: 1}, 1, ErrCoding},
		"unknown":      {[]int{4}, model.Encoder{Coding: "?"}, 1, ErrCoding},
		"no shape":     {nil, poisson, 1, nil},
		"zero shape":   {[]int{4, 0}, poisson, 1, nil},
		"huge shape":   {[]int{1 << 20, 1 << 20, 1 << 24}, poisson, 1, nil},
		"no dt":        {[]int{4}, poisson, 0, nil},
		"negative dt":  {[]int{4}, poisson, -1, nil},
		"dt not a nan": {[]int{4}, poisson, model.Millis(nan), nil},
		"infinite dt":  {[]int{4}, poisson, model.Millis(math.Inf(1)), nil},
	} {
		_, err := NewEncoder(model.Input{Shape: c.shape, Dt: c.dt, Encoder: c.enc})
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, expected %v", name, err, c.want)
		}
	}
	spikes, analog := encoder(t, 4, poisson), encoder(t, 4, model.Encoder{Coding: model.Direct})
	for name, err := range map[string]error{
		"few intensities": spikes.Encode(spike.NewTrain(1, 4), make([]byte, 3), Key{}),
		"few channels":    spikes.Encode(spike.NewTrain(1, 3), make([]byte, 4), Key{}),
		"few values":      analog.Encode(spike.NewValues(1, 3), make([]byte, 4), Key{}),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := analog.Encode(spike.NewTrain(1, 4), make([]byte, 4), Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("spikes of an analog encoder: %v", err)
	}
	if err := spikes.Encode(nil, make([]byte, 4), Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("nothing to encode into: %v", err)
	}
	if err := spikes.Encode(spike.NewValues(1, 4), make([]byte, 4), Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("values of a spiking encoder: %v", err)
	}
}

// An encoder is shared by goroutines and allocates nothing.
func TestEncoderIsShared(t *testing.T) {
	set := sample(t)
	e := encoder(t, 784, model.Encoder{Coding: model.Poisson, RateHz: 100})
	want := make([][]uint64, 8)
	for i := range want {
		dst := spike.NewTrain(10, 784)
		if n := testing.AllocsPerRun(10, func() { e.Encode(dst, set.At(i), Key{0, uint64(i)}) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		want[i] = dst.Words()
	}
	var wg sync.WaitGroup
	for i := range want {
		wg.Go(func() {
			dst := spike.NewTrain(10, 784)
			for range 50 {
				e.Encode(dst, set.At(i), Key{0, uint64(i)})
				if !slices.Equal(dst.Words(), want[i]) {
					t.Errorf("sample %d differs", i)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestTranspose(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var a, b [32]uint64
	for i := range a {
		a[i] = r.Uint64()
	}
	b = a
	transpose(&b)
	for row := range 32 {
		for col := range 32 {
			for half := 0; half < 64; half += 32 {
				if a[row]>>(half+col)&1 != b[col]>>(half+row)&1 {
					t.Fatalf("bit %d of row %d is not bit %d of row %d", half+col, row, half+row, col)
				}
			}
		}
	}
}

func TestAtLeast(t *testing.T) {
	var x [64]byte
	for base := 0; base < 256; base += 64 {
		for i := range x {
			x[i] = byte(base + i*11)
		}
		for cut := range 257 {
			want := uint64(0)
			for i, v := range x {
				if int(v) >= cut {
					want |= 1 << i
				}
			}
			if got := atLeast(&x, cut); got != want {
				t.Fatalf("at least %d: %#x, expected %#x", cut, got, want)
			}
		}
	}
}

// BenchmarkEncode encodes one MNIST digit over 10 steps of 1 ms.
func BenchmarkEncode(b *testing.B) {
	set := sample(b)
	for _, c := range []struct {
		name string
		enc  model.Encoder
	}{
		{"poisson/input=binary", model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: ptr(0)}},
		{"poisson/input=scaled", model.Encoder{Coding: model.Poisson, RateHz: 1000}},
		{"latency", model.Encoder{Coding: model.Latency}},
		{"direct", model.Encoder{Coding: model.Direct}},
	} {
		b.Run(fmt.Sprintf("coding=%s", c.name), func(b *testing.B) {
			e := encoder(b, 784, c.enc)
			dst := model.Input{Shape: []int{784}, Encoder: c.enc}.New(10)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x := set.At(i % set.Count)
				e.Encode(dst, x, Key{Sample: uint64(i)})
			}
		})
	}
}
