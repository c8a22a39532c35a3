package spike

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func randomVector(r *rand.Rand, n int, density float64) (Vector, []uint32) {
	v := NewVector(n)
	var on []uint32
	for i := range n {
		if r.Float64() < density {
			v.Set(i)
			on = append(on, uint32(i))
		}
	}
	return v, on
}

func TestVectorAgainstIndexList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		for _, density := range []float64{0, 0.1, 0.5, 1} {
			v, on := randomVector(r, n, density)
			if got := v.Count(); got != len(on) {
				t.Fatalf("n=%d: Count %d, expected %d", n, got, len(on))
			}
			if got := v.AppendIndices(nil); !slices.Equal(got, on) {
				t.Fatalf("n=%d: AppendIndices %v, expected %v", n, got, on)
			}
			var all []uint32
			for i := range v.All() {
				all = append(all, uint32(i))
			}
			if !slices.Equal(all, on) {
				t.Fatalf("n=%d: All %v, expected %v", n, all, on)
			}
			for i := range n {
				if v.Get(i) != slices.Contains(on, uint32(i)) {
					t.Fatalf("n=%d: Get(%d) is %v", n, i, v.Get(i))
				}
			}
			if !v.TailZero(n) {
				t.Fatalf("n=%d: tail bits set", n)
			}
			v.Clear()
			if v.Count() != 0 {
				t.Fatalf("n=%d: %d spikes after Clear", n, v.Count())
			}
		}
	}
}

func TestAllStopsEarly(t *testing.T) {
	v := NewVector(130)
	v.Set(3)
	v.Set(129)
	for i := range v.All() {
		if i != 3 {
			t.Fatalf("went on to %d after a break", i)
		}
		break
	}
	v.Clear()
	if v.Count() != 0 {
		t.Fatal("Clear left spikes")
	}
}

func TestTrain(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const steps, size = 7, 70
	tr := NewTrain(steps, size)
	counts := make([]int, size)
	total := 0
	for s := range steps {
		v, on := randomVector(r, size, 0.3)
		copy(tr.At(s), v)
		total += len(on)
		for _, i := range on {
			counts[i]++
		}
	}
	if tr.Steps() != steps || tr.Size() != size || tr.Count() != total {
		t.Fatalf("train is %d×%d with %d spikes, expected %d×%d with %d", tr.Steps(), tr.Size(), tr.Count(), steps, size, total)
	}
	got := make([]int, size)
	tr.AddCounts(got)
	if !slices.Equal(got, counts) {
		t.Fatalf("counts %v, expected %v", got, counts)
	}
	part := tr.Slice(2, 5)
	if part.Steps() != 3 || !slices.Equal(part.At(0), tr.At(2)) {
		t.Fatal("Slice(2, 5) is not steps 2 to 4")
	}
	again, err := FromWords(steps, size, tr.Words())
	if err != nil || again.Count() != total {
		t.Fatalf("FromWords: %v, %d spikes", err, again.Count())
	}
	tr.Clear()
	if again.Count() != 0 {
		t.Fatal("FromWords copied its words")
	}
}

func TestFromWordsRefuses(t *testing.T) {
	for _, c := range []struct {
		steps, size int
		words       []uint64
	}{
		{1, 70, make([]uint64, 1)},
		{1, 70, []uint64{0, 1 << 6}},
		{1 << 30 << (^uint(0) >> 63 * 32), 256, nil}, // the number of words overflows
		{-1, 70, nil},
		{1, -1, nil},
	} {
		if _, err := FromWords(c.steps, c.size, c.words); err == nil {
			t.Errorf("FromWords(%d, %d, %v) took it", c.steps, c.size, c.words)
		}
	}
}

func TestValues(t *testing.T) {
	v, err := FromData(2, 3, []float32{1, 2, 3, 4, 5, 6})
	if err != nil || v.Steps() != 2 || v.Size() != 3 || v.At(1)[0] != 4 || v.Slice(1, 2).At(0)[2] != 6 {
		t.Fatalf("FromData: %v %v", v, err)
	}
	if NewValues(2, 3).At(1)[2] != 0 {
		t.Fatal("NewValues is not zero")
	}
	for _, x := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		if _, err := FromData(1, 2, []float32{0, x}); err == nil {
			t.Errorf("FromData took %v", x)
		}
	}
	if _, err := FromData(2, 3, make([]float32, 5)); err == nil {
		t.Error("FromData took 5 values for 2×3")
	}
}

func TestNegativeSizesPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"NewTrain":  func() { NewTrain(-1, 3) },
		"NewValues": func() { NewValues(3, -1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s took a negative size", name)
				}
			}()
			f()
		}()
	}
}
