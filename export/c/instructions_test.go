package c

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// dense is what the event-driven sums are compared with: every weight of a layer is
// multiplied with its input, in the way of CMSIS-NN and emlearn. Integers are taken
// two products an instruction where the core has SMLAD, two rows at a time, so that
// unpacked inputs serve both.
const dense = `
static int8_t dense_x[4096];
static float dense_f[4096];

static void dense_i8(int32_t *sum, const int8_t *w, uint32_t in, uint32_t out, const uint32_t *spikes)
{
    uint32_t i, j;
    for (i = 0; i < in; i++) {
        dense_x[i] = (int8_t)((spikes[i >> 5] >> (i & 31u)) & 1u);
    }
#ifdef __ARM_FEATURE_SIMD32
    for (j = 0; j + 2u <= out; j += 2u, w += 2u * in) {
        const uint32_t *x = (const uint32_t *)(const void *)dense_x;
        const uint32_t *p = (const uint32_t *)(const void *)w, *q = (const uint32_t *)(const void *)(w + in);
        int32_t a = 0, b = 0;
        for (i = in / 4u; i > 0; i--) {
            const uint32_t v = *x++, r = *p++, s = *q++;
            uint32_t even, odd, e, o;
            __asm__("sxtb16 %0, %1" : "=r"(even) : "r"(v));
            __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(v));
            __asm__("sxtb16 %0, %1" : "=r"(e) : "r"(r));
            __asm__("sxtb16 %0, %1, ror #8" : "=r"(o) : "r"(r));
            __asm__("smlad %0, %1, %2, %0" : "+r"(a) : "r"(even), "r"(e));
            __asm__("smlad %0, %1, %2, %0" : "+r"(a) : "r"(odd), "r"(o));
            __asm__("sxtb16 %0, %1" : "=r"(e) : "r"(s));
            __asm__("sxtb16 %0, %1, ror #8" : "=r"(o) : "r"(s));
            __asm__("smlad %0, %1, %2, %0" : "+r"(b) : "r"(even), "r"(e));
            __asm__("smlad %0, %1, %2, %0" : "+r"(b) : "r"(odd), "r"(o));
        }
        sum[j] += a;
        sum[j + 1u] += b;
    }
#else
    for (j = 0; j < out; j++, w += in) {
        int32_t a = 0;
        for (i = 0; i < in; i++) {
            a += w[i] * dense_x[i];
        }
        sum[j] += a;
    }
#endif
}

static void dense_f32(float *sum, const float *w, uint32_t in, uint32_t out, const uint32_t *spikes)
{
    uint32_t i, j;
    for (i = 0; i < in; i++) {
        dense_f[i] = (spikes[i >> 5] >> (i & 31u)) & 1u ? 1.0f : 0.0f;
    }
    for (j = 0; j < out; j++, w += in) {
        float a = sum[j];
        for (i = 0; i < in; i++) {
            a = a + net_mul(w[i], dense_f[i]);
        }
        sum[j] = a;
    }
}
`

// counting measures instructions: with -icount every one takes the same time, which a
// timer of the board counts; a loop of a known length says how much.
const counting = `
#define TIMER ((volatile uint32_t *)TIMER_AT)

static uint32_t ticks(void)
{
    return 0u - TIMER[1];
}

static void known(uint32_t n)
{
    __asm__ volatile(".syntax unified\n1:\n\tsubs %0, %0, #1\n\tbne 1b" : "+l"(n) : : "cc");
}

int main(void)
{
    static net_state n;
    uint32_t t, before, all = 0;
    TIMER[2] = 0xffffffffu;
    TIMER[1] = 0xffffffffu;
    TIMER[0] = 1;
    before = ticks();
    known(500000);
    hex(ticks() - before);
    digest = 2166136261u;
    for (t = 0; t < sizeof steps / sizeof steps[0]; t++) {
        if (t % NET_STEPS == 0) {
            net_init(&n);
        }
        before = ticks();
        (void)net_step(&n, steps[t]);
        all += ticks() - before;
        take_floats(n.scores, NET_OUTPUTS);
    }
    hex(all);
    hex(digest);
    return 0;
}
`

// densely returns the text of an exported network of fully connected layers with dense
// sums in place of those of events.
func densely(t *testing.T, m *model.Network, text string) string {
	t.Helper()
	var weights strings.Builder
	for i := range m.Layers {
		w := &m.Layers[i].Weight
		kind := "int8_t"
		if !w.Integer {
			kind = "float"
		}
		fmt.Fprintf(&weights, "static const %s dense_l%d[%d] __attribute__((aligned(4))) = {\n", kind, i, w.Len())
		for j := range w.Shape[0] {
			for k, x := range w.Row(j, nil) {
				if w.Integer {
					fmt.Fprintf(&weights, "%d,", w.I8[j*w.Shape[1]+k])
				} else {
					fmt.Fprintf(&weights, "%s,", literal(x))
				}
			}
			weights.WriteString("\n")
		}
		weights.WriteString("};\n")
	}
	// The first layer's function is the first to use the sums.
	head, tail, ok := strings.Cut(text, "/* Layer 0")
	if !ok {
		t.Fatal("there is no layer 0 in the text")
	}
	tail = regexp.MustCompile(`net_rows_(f32|i8)\((n->sum\.\w), net_l(\d+)_w`).ReplaceAllString(tail, "dense_$1($2, dense_l$3")
	tail = regexp.MustCompile(`(dense_i8\([^,]*, dense_l\d+, \d+u, )12u`).ReplaceAllString(tail, "${1}10u")
	unused := regexp.MustCompile(`static void net_(rows|sum)_(f32|i8)\(`).ReplaceAllString(head, "__attribute__((unused)) static void net_${1}_${2}(")
	needed := dense
	if strings.Contains(tail, "dense_i8") {
		needed, _, _ = strings.Cut(dense, "static void dense_f32")
	}
	return unused + weights.String() + needed + "/* Layer 0" + tail
}

// instructions returns how many a step takes on a board, over steps of spikes, and the
// digest of the scores.
func instructions(t *testing.T, b *board, m *model.Network, train spike.Train, asDense bool) (float64, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := Export(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	header, text := "", ""
	for _, f := range s.Files {
		switch f.Name {
		case "net.h":
			header = string(f.Data)
		case "net.c":
			text = strings.Replace(string(f.Data), "#include \"net.h\"\n", "", 1)
		}
	}
	if asDense {
		text = densely(t, m, text)
	}
	var in strings.Builder
	size := words(m.Input.Size())
	fmt.Fprintf(&in, "static const uint32_t steps[%d][%d] = {\n", train.Steps(), size)
	for k := range train.Steps() {
		in.WriteString("{")
		v := train.At(k)
		for w := range size {
			fmt.Fprintf(&in, "0x%xu,", uint32(v[w/2]>>(32*(w%2))))
		}
		in.WriteString("},\n")
	}
	in.WriteString("};\n")
	source := write(t, dir, "main.c", support+header+text+in.String()+counting)
	found := strings.Fields(onBoard(t, b, dir, []string{"-O2", "-DTIMER_AT=" + b.timer, "-Wno-unused-function"}, source))
	if len(found) != 3 {
		t.Fatalf("%s wrote %q", b, found)
	}
	number := func(text string) float64 {
		x, err := strconv.ParseUint(text, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return float64(x)
	}
	return number(found[1]) / number(found[0]) * 1e6 / float64(train.Steps()), found[2]
}

// counted is the network that instructions are counted with.
var counted = flag.String("model", "", "count the instructions of this model, of fully connected layers, on digits")

// sparse returns a network of the shape of the recipe sparse, whose layers fire about as
// often as what that trains: 7 spikes a step of each hidden layer, and an input of 12.
func sparse(t *testing.T) (*model.Network, spike.Train) {
	t.Helper()
	const steps = 20
	r := rand.New(rand.NewPCG(3, 4))
	train := spike.NewTrain(steps, 784)
	for k := range steps {
		for range 12 {
			train.At(k).Set(r.IntN(784))
		}
	}
	m := &model.Network{
		Steps:   10,
		Input:   model.Input{Dt: 1, Shape: []int{784}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}
	in, active := 784, 12.0
	for _, l := range []struct {
		size int
		rate float64
	}{{256, 7}, {256, 7}, {256, 7}, {10, 1}} {
		w := make([]float32, in*l.size)
		for k := range w {
			w[k] = float32(r.NormFloat64() / math.Sqrt(active))
		}
		m.Layers = append(m.Layers, model.Layer{
			Kind: model.SNU, In: []int{in}, Out: []int{l.size}, Activation: model.Identity, Output: model.Step, Reset: model.ResetSubtract,
			Decay: []float32{0.9}, Weight: model.Matrix(l.size, in, w),
		})
		last := &m.Layers[len(m.Layers)-1]
		low, high := 0.0, 20.0 // of the threshold
		for range 16 {
			threshold := float32((low + high) / 2)
			last.Bias, last.Theta = []float32{-threshold}, []float32{threshold}
			if rate(t, m, train) > l.rate {
				low = float64(threshold)
			} else {
				high = float64(threshold)
			}
		}
		in, active = l.size, l.rate
	}
	return m, train
}

// rate returns the spikes a step of the last layer.
func rate(t *testing.T, m *model.Network, x spike.Input) float64 {
	t.Helper()
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	if err := s.Run(x); err != nil {
		t.Fatal(err)
	}
	return float64(s.Stats().Spikes[len(m.Layers)-1]) / float64(x.Steps())
}

// digits returns the spikes of the embedded digits, a presentation of each of the first
// ones after the other.
func digits(t *testing.T, m *model.Network, count int) spike.Train {
	t.Helper()
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromImageSet(set, m.Input)
	if err != nil {
		t.Fatal(err)
	}
	all := spike.NewTrain(count*m.Steps, m.Input.Size())
	for i := range count {
		if err := source.Load(all.Slice(i*m.Steps, (i+1)*m.Steps), i, dataset.Key{Seed: 1, Sample: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestInstructions counts what a step takes, and compares it with dense code of the
// same network, which computes the same scores.
func TestInstructions(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles large networks")
	}
	t.Parallel()
	tool(t, Compiler)
	tool(t, "qemu-system-arm")
	var float *model.Network
	var train spike.Train
	if *counted == "" {
		float, train = sparse(t)
	} else {
		var err error
		if float, err = export.ReadFile(*counted); err != nil {
			t.Fatal(err)
		}
		train = digits(t, float, 5)
	}
	whole, _, err := model.Quantize(float, 8)
	if err != nil {
		t.Fatal(err)
	}
	withSelfTest(t, float)
	withSelfTest(t, whole)
	for i := range boards {
		b := &boards[i]
		if b.timer == "" || b.core != "Cortex-M0" && b.core != "Cortex-M4F" && b.core != "Cortex-M33" {
			continue
		}
		for _, m := range []*model.Network{float, whole} {
			if !*full && (m == float || b.core == "Cortex-M33") {
				continue
			}
			events, digest := instructions(t, b, m, train, false)
			all, same := instructions(t, b, m, train, true)
			kind := "float"
			if m == whole {
				kind = "integer"
			}
			t.Logf("%s, %s: %.0f instructions a step, %.0f dense, %.1f times as many", b.core, kind, events, all, all/events)
			if digest != same {
				t.Errorf("%s, %s: the dense code computes other scores", b.core, kind)
			}
			if all < 3*events {
				t.Errorf("%s, %s: dense code takes %.1f times as many instructions, expected at least 3", b.core, kind, all/events)
			}
		}
	}
}
