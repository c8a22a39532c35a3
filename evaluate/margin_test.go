package evaluate

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
)

// TestMargins compares the curve with early decisions at margins on, between
// and beyond its points.
func TestMargins(t *testing.T) {
	t.Parallel()
	for _, readout := range []model.ReadoutKind{model.SpikeCount, model.MembraneSum, model.MembraneMax, model.FirstSpike} {
		m, source := digits(t)
		m = withReadout(m, readout)
		e := evaluator(t, m)
		set := First(source, 100)
		set.Draw = 3
		c, err := e.Margins(t.Context(), set, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := e.Margins(t.Context(), set, Options{Threads: 3}); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s: another curve on 3 threads: %v", readout, err)
		}
		if len(c.Points) < 2 {
			t.Fatalf("%s: %d points", readout, len(c.Points))
		}
		margins := []float32{-1, float32(math.Inf(1))}
		for i := 0; i < len(c.Points)-1; i += max(1, len(c.Points)/6) {
			at := c.Points[i].Margin
			margins = append(margins, at, math.Nextafter32(at, -1), math.Nextafter32(at, float32(math.Inf(1))))
		}
		s := e.Network().NewSession()
		for _, margin := range margins {
			want := MarginPoint{}
			for place, i := range set.Indices {
				x, err := set.Load(m, place)
				if err != nil {
					t.Fatal(err)
				}
				r, err := s.ClassifyEarly(x, margin)
				if err != nil {
					t.Fatal(err)
				}
				want.Steps += int64(r.Steps)
				if r.Class == source.Label(i) {
					want.Correct++
				}
			}
			if got := c.At(margin); got.Correct != want.Correct || got.Steps != want.Steps {
				t.Errorf("%s, margin %v: %d right in %d steps, early decisions %d in %d", readout, margin, got.Correct, got.Steps, want.Correct, want.Steps)
			}
		}
		whole, err := e.Summary(t.Context(), set, Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := c.Points[len(c.Points)-1]
		commonest := 0
		for class := range source.Classes() {
			n := 0
			for _, i := range set.Indices {
				if source.Label(i) == class {
					n++
				}
			}
			commonest = max(commonest, n)
		}
		if c.Samples != 100 || c.Commonest != commonest || len(c.ByStep) != m.Steps || c.ByStep[m.Steps-1] != whole.Correct || last.Correct != whole.Correct || last.Steps != int64(100*m.Steps) {
			t.Errorf("%s: %d samples, %d of one class, %v, the last point %+v, expected %d of one class, %d right", readout, c.Samples, c.Commonest, c.ByStep, last, commonest, whole.Correct)
		}
	}
}

func TestMarginsOfOneClass(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	last := &m.Layers[len(m.Layers)-1]
	last.Out, m.Classes = []int{1}, nil
	last.Weight = model.Matrix(1, last.In[0], make([]float32, last.In[0]))
	last.Decay, last.Bias, last.Initial = []float32{0.9}, []float32{-1}, nil
	set := Set{Source: unclassed{source}}
	for i := range 100 {
		if source.Label(i) == 0 {
			set.Indices = append(set.Indices, i)
		}
	}
	c, err := evaluator(t, m).Margins(t.Context(), set, Options{})
	if err != nil || len(c.Points) != 1 || c.Recommend(1) != 0 {
		t.Errorf("%+v, %v, expected a single point and no recommendation", c, err)
	}
}

// unclassed hides the classes of a source.
type unclassed struct{ dataset.Source }

func (unclassed) Classes() []string { return nil }

func TestRecommend(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		points []MarginPoint
		loss   float64
		want   float32 // with 100 samples of the commonest class
	}{
		{"none", nil, 1, 0},
		{"nothing is early", []MarginPoint{{inf, 900, 9}}, 1, 0},
		{"within the loss", []MarginPoint{{0, 500, 1}, {1, 897, 2}, {2, 898, 3}, {3, 899, 4}, {inf, 900, 5}}, 0.002, 2},
		{"no loss", []MarginPoint{{0, 500, 1}, {1, 899, 2}, {2, 900, 3}, {inf, 900, 5}}, 0, 2},
		{"a gain", []MarginPoint{{1, 899, 2}, {2, 901, 3}, {inf, 900, 5}}, 0, 2},
		{"a chance hit below a dip", []MarginPoint{{1, 900, 2}, {2, 890, 3}, {3, 900, 4}, {inf, 900, 5}}, 0.002, 3},
		{"too early at once", []MarginPoint{{1, 890, 2}, {2, 890, 3}, {inf, 900, 5}}, 0.002, 0},
		{"all in the first step", []MarginPoint{{0, 900, 1}, {1, 900, 2}, {inf, 900, 5}}, 0.002, 1},
		{"little is learned", []MarginPoint{{1, 103, 2}, {inf, 103, 5}}, 0.002, 1},
		{"nothing is learned", []MarginPoint{{1, 102, 2}, {inf, 102, 5}}, 0.002, 0},
	} {
		if got := (MarginCurve{Samples: 1000, Commonest: 100, Points: c.points}).Recommend(c.loss); got != c.want {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}

func TestMarginsInterrupted(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := evaluator(t, m).Margins(ctx, First(source, 3), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
