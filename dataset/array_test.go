package dataset

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
)

// npyFile returns a .npy file.
func npyFile[E npy.Element](t testing.TB, data []E, shape ...int) []byte {
	t.Helper()
	a, err := npy.New(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadSpikes(t *testing.T) {
	for name, data := range map[string][]byte{
		"uint8":   npyFile(t, []uint8{0, 1, 0, 1, 1, 0}, 2, 3),
		"float32": npyFile(t, []float32{0, 1, 0, 1, 1, 0}, 2, 3),
		"int64":   npyFile(t, []int64{0, 1, 0, 1, 1, 0}, 1, 2, 3),
		"planes":  npyFile(t, []uint8{0, 1, 0, 1, 1, 0}, 2, 3, 1, 1),
		"batch":   npyFile(t, []uint8{0, 1, 0, 1, 1, 0}, 1, 2, 1, 1, 3),
	} {
		trains, err := ReadSpikes(bytes.NewReader(data), "x")
		if err != nil || len(trains) != 1 || trains[0].Steps() != 2 || trains[0].Size() != 3 || !slices.Equal(trains[0].Words(), []uint64{2, 3}) {
			t.Errorf("%s: %v, %v", name, trains, err)
		}
	}
	trains, err := ReadSpikes(bytes.NewReader(npyFile(t, []uint8{1, 0, 0, 0, 0, 1, 1, 1}, 2, 1, 4)), "x")
	if err != nil || len(trains) != 2 || trains[0].Words()[0] != 1 || trains[1].Words()[0] != 14 {
		t.Errorf("two trains: %v, %v", trains, err)
	}
	if trains, err := ReadSpikes(bytes.NewReader(npyFile(t, []uint8{}, 0, 5, 4)), "x"); err != nil || len(trains) != 0 {
		t.Errorf("no trains: %v, %v", trains, err)
	}
}

func TestReadValues(t *testing.T) {
	values, err := ReadValues(bytes.NewReader(npyFile(t, []float64{0.5, -1, 1e-50, 3, 4, 5, 6, 7}, 2, 2, 2)), "x")
	if err != nil || len(values) != 2 || !slices.Equal(values[0].At(0), []float32{0.5, -1}) || !slices.Equal(values[1].At(1), []float32{6, 7}) {
		t.Errorf("%v, %v", values, err)
	}
}

func TestReadArraysRefuse(t *testing.T) {
	spikes := func(r io.Reader) error { _, err := ReadSpikes(r, "the array"); return err }
	values := func(r io.Reader) error { _, err := ReadValues(r, "the array"); return err }
	for name, c := range map[string]struct {
		read func(io.Reader) error
		data []byte
		want error
		text string
	}{
		"a count of 2":   {spikes, npyFile(t, []uint8{0, 1, 0, 2}, 1, 2, 2), ErrCoding, "sample 0, step 1, neuron 1 is 2"},
		"one half":       {spikes, npyFile(t, []float32{0.5}, 1, 1), ErrCoding, "0.5"},
		"not a number":   {spikes, npyFile(t, []float64{math.NaN()}, 1, 1), ErrCoding, "NaN"},
		"rank 1":         {spikes, npyFile(t, []uint8{1}, 1), ErrFormat, "shape [1]"},
		"rank 6":         {values, npyFile(t, []uint8{1}, 1, 1, 1, 1, 1, 1), ErrFormat, "shape [1 1 1 1 1 1]"},
		"no plane":       {spikes, npyFile(t, []uint8{}, 5, 0, 2, 2), ErrFormat, "shape [5 0 2 2]"},
		"no neurons":     {spikes, npyFile(t, []uint8{}, 5, 0), ErrFormat, "shape [5 0]"},
		"no steps":       {values, npyFile(t, []uint8{}, 1<<30, 0, 5), ErrFormat, "at least one step"},
		"no array":       {spikes, []byte("no array at all"), ErrFormat, "byte 0"},
		"no value array": {values, nil, ErrFormat, "byte 0"},
		"infinite":       {values, npyFile(t, []float64{1, 1e300}, 1, 2), ErrFormat, "channel 1 is not finite"},
	} {
		err := c.read(bytes.NewReader(c.data))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "the array") {
			t.Errorf("%s: %v, expected %v with %q", name, err, c.want, c.text)
		}
	}
	broken := errors.New("broken")
	if err := spikes(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
}

func FuzzReadArrays(f *testing.F) {
	f.Add(npyFile(f, []uint8{0, 1, 1, 0}, 2, 2))
	f.Add(npyFile(f, []float32{0, 0.5}, 1, 1, 2))
	f.Add(npyFile(f, []uint8{}, 1<<30, 0, 5))
	f.Fuzz(func(t *testing.T, data []byte) {
		trains, err := ReadSpikes(bytes.NewReader(data), "x")
		values, valuesErr := ReadValues(bytes.NewReader(data), "x")
		if err != nil {
			return
		}
		// What can be read as spikes can be read as values, the same ones.
		if valuesErr != nil || len(values) != len(trains) {
			t.Fatalf("%d trains, %d values, %v", len(trains), len(values), valuesErr)
		}
		for b, v := range values {
			for s := range v.Steps() {
				for i, x := range v.At(s) {
					if (x == 1) != trains[b].At(s).Get(i) {
						t.Fatalf("sample %d, step %d, neuron %d: value %v", b, s, i, x)
					}
				}
			}
		}
	})
}

// TestTimeFirst: [steps, 1, channels] is one recording for a network that is shown
// more than a step, else one sample a step.
func TestTimeFirst(t *testing.T) {
	t.Parallel()
	for _, encoder := range []model.Encoder{{Coding: model.Direct}, {Coding: model.Poisson, RateHz: 1}} {
		for _, c := range []struct{ steps, samples, length int }{{5, 1, 3}, {1, 3, 1}} {
			m := &model.Network{Steps: c.steps, Input: model.Input{Shape: []int{2}, Dt: 1, Encoder: encoder}}
			source, err := Read(bytes.NewReader(npyFile(t, []uint8{1, 0, 0, 1, 1, 1}, 3, 1, 2)), "x", m)
			if err != nil {
				t.Fatal(err)
			}
			if source.Len() != c.samples || Steps(source, c.steps) != c.length {
				t.Errorf("%d steps: %d samples of %d steps, expected %d of %d", c.steps, source.Len(), Steps(source, c.steps), c.samples, c.length)
			}
			x := m.Input.New(c.length)
			if err := source.Load(x, c.samples-1, Key{}); err != nil {
				t.Fatal(err)
			}
			last := 0
			for i, v := range x.Active(c.length - 1) {
				last += (i + 1) * int(v)
			}
			if last != 3 {
				t.Errorf("%d steps: the last step is %d, expected both channels", c.steps, last)
			}
		}
	}
}
