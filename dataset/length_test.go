package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestLoadUnpadded loads each recording of a source in its own length, whatever
// the source is made of, and images in any.
func TestLoadUnpadded(t *testing.T) {
	t.Parallel()
	trains := make([]spike.Train, 4)
	lengths := []int{3, 1, 7, 5}
	for k, n := range lengths {
		trains[k] = spike.NewTrain(n, 16)
		for step := range n {
			trains[k].At(step).Set(k)
		}
	}
	whole, err := FromInputs(trains, []int{1, 4, 4}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	part, err := Subset(whole, []int{2, 0, 3, 1})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Augmented(part, Augmentation{Jitter: 1})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for k, name := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		data := make([]uint8, (k+2)*16)
		for i := range data {
			data[i] = 1
		}
		write(t, filepath.Join(dir, name), "x.npy", npyFile(t, data, k+2, 16))
	}
	folder, err := LoadFolder(t.Context(), dir, model.Input{Dt: 1, Shape: []int{1, 4, 4}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	room := spike.Input(spike.NewTrain(6, 16))
	for name, c := range map[string]struct {
		source Source
		want   []int
	}{
		"trains": {whole, []int{3, 1, 6, 5}}, "subset": {part, []int{6, 3, 5, 1}}, "augmented": {moved, []int{6, 3, 5, 1}}, "folder": {folder, []int{2, 3}},
	} {
		for i, want := range c.want {
			fill(room.(spike.Train))
			x, err := LoadUnpadded(c.source, room, i, Key{})
			if err != nil || x.Steps() != want {
				t.Fatalf("%s, sample %d: %v, expected %d steps, error %v", name, i, x, want, err)
			}
			if name != "augmented" && x.(spike.Train).Count() != want*map[bool]int{true: 16, false: 1}[name == "folder"] {
				t.Errorf("%s, sample %d: %d spikes in %d steps", name, i, x.(spike.Train).Count(), want)
			}
			if rest := room.(spike.Train).Slice(want, 6); rest.Count() != rest.Steps()*16 {
				t.Errorf("%s, sample %d: what is past its end was changed", name, i)
			}
		}
	}
	if got := Longest(part); got != 7 {
		t.Errorf("the longest has %d steps, expected 7", got)
	}
	images, err := FromImages(imageSet(), encoder(t, 4, model.Encoder{Coding: model.Latency}))
	if err != nil {
		t.Fatal(err)
	}
	if x, err := LoadUnpadded(images, spike.NewTrain(9, 4), 0, Key{}); err != nil || x.Steps() != 9 || Length(images, 0) != 0 || Longest(images) != 0 {
		t.Errorf("an image of %v steps, %v", x, err)
	}
	for _, i := range []int{-1, 4} {
		if _, err := LoadUnpadded(whole, room, i, Key{}); err == nil {
			t.Errorf("took sample %d of 4", i)
		}
	}
	if _, err := LoadUnpadded(whole, nil, 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("into nothing: %v", err)
	}
	if _, err := LoadUnpadded(whole, spike.NewValues(5, 16), 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("values of spikes: %v", err)
	}
}

// fill makes every neuron spike at every step.
func fill(x spike.Train) {
	for step := range x.Steps() {
		for i := range x.Size() {
			x.At(step).Set(i)
		}
	}
}
