package train

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// roundedTask is a network of wide enough layers to be pruned, with integers.
func roundedTask(t testing.TB, recurrent bool) (*model.Network, dataset.Source, Config) {
	t.Helper()
	m, source := smallTask(t, 100)
	p := DefaultTopology(m.Input, m.Steps, source.Classes())
	p.Hidden, p.Active, p.ActiveHidden, p.Recurrent = []int{100, 70}, 5, 8, recurrent
	m, err := p.New(3)
	if err != nil {
		t.Fatal(err)
	}
	c := smallConfig()
	c.Weights, c.Prune = Int8, 0.4
	return m, source, c
}

// TestIntegersRunAsTrained compares every spike and membrane of a layer in training
// with those of the model that is made of it.
func TestIntegersRunAsTrained(t *testing.T) {
	for _, recurrent := range []bool{false, true} {
		m, source, c := roundedTask(t, recurrent)
		tr := mustNew(t, m, source, c)
		trainAll(t, tr)
		if err := tr.forward(tr.workers[0].scratch, tr.samples[:1], []int{7}); err != nil {
			t.Fatal(err)
		}
		trained := tr.Model()
		if !trained.HasIntegers() {
			t.Fatal("no integers")
		}
		net, err := runtime.Compile(trained)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		x := tr.samples[0].input.(spike.Train)
		for k := range x.Steps() {
			if err := s.Step(x, k); err != nil {
				t.Fatal(err)
			}
			for i := range tr.layers {
				st := tr.samples[0].states[i]
				if got, want := s.Membrane(i), st.Membrane(k+1); !slices.Equal(got, want) {
					t.Fatalf("recurrent %v: layer %d, step %d: membranes %v, in training %v", recurrent, i, k, got[:4], want[:4])
				}
			}
		}
		// The way back goes over the numbers that the integers stand for.
		for i, l := range layer.New(trained.Floats()) {
			if !slices.Equal(l.Weights.Data(), tr.layers[i].Weights.Data()) {
				t.Errorf("recurrent %v: layer %d: the weights on the way back are others", recurrent, i)
			}
		}
	}
}

// TestPruned checks that the share asked for is 0 in the end, in whole blocks, and
// that what died never came back.
func TestPruned(t *testing.T) {
	for _, weights := range []WeightTraining{Float32, Int8} {
		m, source, c := roundedTask(t, true)
		c.Weights, c.Epochs = weights, 5
		tr := mustNew(t, m, source, c)
		var dead []int
		last := 0.0
		for !tr.Done() {
			p, err := tr.Epoch(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if p.Pruned < last {
				t.Errorf("%s: %v of the weights are pruned after %v", weights, p.Pruned, last)
			}
			last = p.Pruned
			trained := tr.Model()
			l := &trained.Layers[0]
			w := l.Weight.Float32()
			for _, at := range dead {
				if w.F32[at] != 0 {
					t.Fatalf("%s: a pruned weight is %v", weights, w.F32[at])
				}
			}
			dead = nil
			for i := range l.InSize() {
				for from := 0; from < l.OutSize(); from += 64 {
					block, zeros := min(64, l.OutSize()-from), 0
					for j := from; j < from+block; j++ {
						if w.F32[j*l.InSize()+i] == 0 {
							zeros++
						}
					}
					if zeros == block {
						for j := from; j < from+block; j++ {
							dead = append(dead, j*l.InSize()+i)
						}
					}
				}
			}
		}
		if share := float64(len(dead)) / (64 * 100); share < 0.35 || share > 0.45 || last < 0.3 || last > 0.42 {
			t.Errorf("%s: of the first layer %v of the weights are 0, of all %v, expected about 0.4", weights, share, last)
		}
	}
}

func TestResumeRoundedGivesTheSameBytes(t *testing.T) {
	m, source, c := roundedTask(t, true)
	c.Epochs, c.Clip = 3, 1
	resume(t, m, source, c)
}

// TestRoundedPlanes trains a convolution, whose integers stand for float32 in
// training, with the same bytes on any number of threads.
func TestRoundedPlanes(t *testing.T) {
	m, source, c := planeTask(t, 40)
	c.Weights = Int8
	tr := mustNew(t, m, source, c)
	trainAll(t, tr)
	trained := tr.Model()
	again, _, err := model.Quantize(tr.floats(), 8)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range layer.New(again.Floats()) {
		if l == nil {
			continue
		}
		if !trained.Layers[i].Integer() {
			t.Errorf("layer %d has no integers", i)
		}
		if s := l.Scatter(); s != nil && !slices.Equal(s.Weights(), tr.layers[i].Scatter().Weights()) {
			t.Errorf("layer %d ran on other weights than its integers stand for", i)
		}
	}
}

// TestResumeRevivesNothing goes on from a checkpoint with weights that are 0 and not
// dead, as of a network that was pruned before and inputs that were silent until then:
// they are learned as they are without the interruption.
func TestResumeRevivesNothing(t *testing.T) {
	m, source, c := roundedTask(t, true)
	c.Epochs = 5
	for j := range m.Layers[0].OutSize() {
		m.Layers[0].Weight.F32[j*m.Layers[0].InSize()] = 0
	}
	first, second := mustNew(t, m, source, c), mustNew(t, m, source, c)
	var saved bytes.Buffer
	if err := first.Save(&saved, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Restore(&saved); err != nil {
		t.Fatal(err)
	}
	for i, p := range second.pruned {
		if p != nil && (p.any || slices.Max(p.dead) != 0) {
			t.Errorf("layer %d: dead weights before anything was pruned", i)
		}
	}
}
