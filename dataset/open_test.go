package dataset

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestOpen(t *testing.T) {
	latency := model.Input{Shape: []int{3}, Encoder: model.Encoder{Coding: model.Latency}}
	direct := model.Input{Shape: []int{1, 2, 2}, Encoder: model.Encoder{Coding: model.Direct}}
	events := model.Input{Shape: []int{2}, Encoder: model.Encoder{Coding: model.Events}}
	dir := t.TempDir()
	write(t, dir, "labels", twoLabels)
	for name, c := range map[string]struct {
		data   []byte
		in     model.Input
		labels []int
	}{
		"images":  {twoImages, latency, []int{2, 0}},
		"i":       {packed(twoImages), latency, []int{-1, -1}},
		"png":     {encodePNG(t, grayImage(2, 2, make([]byte, 4))), direct, []int{-1}},
		"spikes":  {npyFile(t, []uint8{0, 1, 1, 1}, 2, 1, 2), events, []int{-1, -1}},
		"values":  {npyFile(t, []float32{0, 1, 2, 3}, 1, 4), direct, []int{-1}},
		"square":  {encodePNG(t, grayImage(2, 2, make([]byte, 4))), model.Input{Shape: []int{9}, Encoder: latency.Encoder}, []int{-1}},
		"matrix2": {encodePNG(t, grayImage(2, 2, make([]byte, 4))), model.Input{Shape: []int{2, 3}, Encoder: latency.Encoder}, []int{-1}},
	} {
		path := write(t, dir, name, c.data)
		src, err := Open(path, &model.Network{Input: c.in})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var labels []int
		for i := range src.Len() {
			labels = append(labels, src.Label(i))
		}
		if !slices.Equal(labels, c.labels) || !slices.Equal(src.Shape(), c.in.Shape) {
			t.Errorf("%s: labels %v, shape %v", name, labels, src.Shape())
		}
		if src, err = Read(bytes.NewReader(c.data), "stdin", &model.Network{Input: c.in}); err != nil || src.Len() != len(c.labels) || src.Label(0) != -1 {
			t.Errorf("%s as a stream: %v, %v", name, src, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	poisson := model.Encoder{Coding: model.Poisson, RateHz: 100}
	direct := model.Encoder{Coding: model.Direct}
	dir := t.TempDir()
	write(t, dir, "labels", twoImages)
	picture := encodePNG(t, grayImage(2, 2, make([]byte, 4)))
	for name, c := range map[string]struct {
		data []byte
		in   model.Input
		want error
	}{
		"nothing":        {nil, model.Input{Shape: []int{3}, Encoder: poisson}, ErrFormat},
		"text":           {[]byte("hello"), model.Input{Shape: []int{3}, Encoder: poisson}, ErrFormat},
		"images":         {twoImages, model.Input{Shape: []int{3}, Encoder: poisson}, ErrFormat}, // its labels
		"i":              {twoImages, model.Input{Shape: []int{4}, Encoder: poisson}, ErrMismatch},
		"events":         {twoImages, model.Input{Shape: []int{3}, Encoder: model.Encoder{Coding: model.Events}}, ErrCoding},
		"png, two maps":  {picture, model.Input{Shape: []int{2, 2, 2}, Encoder: poisson}, ErrMismatch},
		"png, no square": {picture, model.Input{Shape: []int{5}, Encoder: poisson}, ErrMismatch},
		"png cut":        {picture[:30], model.Input{Shape: []int{4}, Encoder: poisson}, ErrFormat},
		"spikes cut":     {npyFile(t, []uint8{1, 0}, 1, 2)[:70], model.Input{Shape: []int{2}, Encoder: poisson}, ErrFormat},
		"values cut":     {npyFile(t, []uint8{1, 0}, 1, 2)[:70], model.Input{Shape: []int{2}, Encoder: direct}, ErrFormat},
		"spikes size":    {npyFile(t, []uint8{1, 0}, 1, 2), model.Input{Shape: []int{3}, Encoder: poisson}, ErrMismatch},
		"values size":    {npyFile(t, []uint8{1, 0}, 1, 2), model.Input{Shape: []int{3}, Encoder: direct}, ErrMismatch},
	} {
		path := write(t, dir, name, c.data)
		c.in.Dt = 1
		if _, err := Open(path, &model.Network{Input: c.in}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, expected %v", name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "none"), &model.Network{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Read(bytes.NewReader(twoImages[:9]), "stdin", &model.Network{Input: model.Input{Shape: []int{3}, Encoder: poisson}}); !errors.Is(err, ErrFormat) {
		t.Errorf("images cut: %v", err)
	}
}

func TestSteps(t *testing.T) {
	labels, classes := []int{0, 0}, []string{"a"}
	trains, err := FromInputs([]spike.Train{spike.NewTrain(2, 1), spike.NewTrain(5, 1)}, []int{1}, labels, classes)
	values, err2 := FromInputs([]spike.Values{spike.NewValues(4, 1), spike.NewValues(3, 1)}, []int{1}, labels, classes)
	images, err3 := FromImages(imageSet(), encoder(t, 4, model.Encoder{Coding: model.Latency}))
	sub, err4 := Subset(values, []int{0})
	folder, err5 := LoadFolder(t.Context(), labelledFolder(t), eventInput(2, 3, 4), FolderOptions{})
	moved, err6 := Augmented(folder, Augmentation{Jitter: 1})
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		src            Source
		steps, longest int
	}{{trains, 5, 5}, {values, 4, 4}, {images, 9, 0}, {sub, 4, 4}, {folder, 9, 3}, {moved, 9, 3}} {
		if steps, longest := Steps(c.src, 9), Longest(c.src); steps != c.steps || longest != c.longest {
			t.Errorf("source %d: %d steps, longest %d, expected %d and %d", i, steps, longest, c.steps, c.longest)
		}
	}
}

// TestOpenUnknown opens what is nothing that Open knows: it says whether there is
// nothing in it, it cannot be read, or it is something else.
func TestOpenUnknown(t *testing.T) {
	m := &model.Network{Input: model.Input{Shape: []int{4}, Encoder: model.Encoder{Coding: model.Direct}}}
	broken := errors.New("broken")
	if _, err := Read(iotest.ErrReader(broken), "x", m); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("a failing stream: %v, expected its error", err)
	}
	dir := t.TempDir()
	if _, err := Open(dir, m); err == nil || errors.Is(err, ErrFormat) {
		t.Errorf("a folder: %v, expected the error of reading it", err)
	}
	for data, says := range map[string]string{"": "it is empty", "hello": "neither IDX images"} {
		if _, err := Open(write(t, dir, "x", []byte(data)), m); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, expected %s", data, err, says)
		}
	}
}
