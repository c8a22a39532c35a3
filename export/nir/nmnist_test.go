package nir_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// sinabs returns the convolutional network of the NIR paper, by Sinabs, and the
// 100 test recordings of N-MNIST that it is tried on, if both are there.
func sinabs(t testing.TB, o nir.Options) (*model.Network, dataset.Source) {
	t.Helper()
	const data = "../../../shared/data"
	recordings := filepath.Join(data, "nmnist-small")
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("the recordings are not there")
	}
	im, err := nir.ReadFile(filepath.Join(data, "nir", "cnn_sinabs.nir"), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dataset.LoadFolder(t.Context(), recordings, im.Network.Input, dataset.FolderOptions{List: filepath.Join(recordings, "test100.txt")})
	if err != nil {
		t.Fatal(err)
	}
	return im.Network, s
}

// TestSinabs classifies the recordings with bins of 1 ms. Published for all
// 10,000 are 97.1 % (Spyx) to 98.5 % (Sinabs).
func TestSinabs(t *testing.T) {
	t.Parallel()
	every := 1
	if testing.Short() {
		every = 10
	}
	for _, o := range []nir.Options{{Reset: nir.ResetZero}, {Reset: nir.ResetSubtract}, {From: nir.Sinabs}} {
		n, source := sinabs(t, o)
		net, err := runtime.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		defer s.Close()
		x := n.Input.New(n.Steps)
		right, of := 0, 0
		for i := 0; i < source.Len(); i += every {
			if err := source.Load(x, i, dataset.Key{}); err != nil {
				t.Fatal(err)
			}
			r, err := s.Classify(x)
			if err != nil {
				t.Fatal(err)
			}
			of++
			if r.Class == source.Label(i) {
				right++
			}
			if i == 0 && o.From == "" { // whose neurons fire once a step
				matchesOracle(t, n, s, x)
			}
		}
		t.Logf("from %q, reset %q: %d of %d right", o.From, o.Reset, right, of)
		if 100*right < 97*of {
			t.Errorf("from %q, reset %q: %d of %d right, expected 97 %%", o.From, o.Reset, right, of)
		}
	}
}

// matchesOracle runs some steps beside the plain loops.
func matchesOracle(t *testing.T, n *model.Network, s *runtime.Session, x spike.Input) {
	t.Helper()
	o := newOracle(n)
	s.Reset()
	for step := range 60 {
		if err := s.Step(x, step); err != nil {
			t.Fatal(err)
		}
		var list []entry
		for i, v := range x.Active(step) {
			list = append(list, entry{i, v})
		}
		for i, want := range o.step(list) {
			if !n.Layers[i].Spikes() {
				continue
			}
			var got []entry
			for j := range s.Spikes(i).All() {
				got = append(got, entry{j, 1})
			}
			if !slices.Equal(got, want) {
				t.Fatalf("step %d, layer %d: %d spikes, expected %d, or others", step, i, len(got), len(want))
			}
		}
	}
}
