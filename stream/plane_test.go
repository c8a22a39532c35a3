package stream

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestPlanesOfFiles: a network sees the same pixels of a stream as of a file, for
// every shape of input, whether or not the recording states its sensor's size.
func TestPlanesOfFiles(t *testing.T) {
	t.Parallel()
	var events []event.Event
	for i := range 40 {
		events = append(events, event.Event{T: int64(100 * i), X: uint16(7 * i % 8), Y: uint16(3 * i % 2), P: uint8(i % 2)})
	}
	for _, c := range []struct {
		shape  []int
		format string
		size   event.Size // of the sensor, as the recording states it
		seen   bool
	}{
		{[]int{2, 2, 8}, "text", event.Size{}, true},
		{[]int{1, 2, 8}, "text", event.Size{}, true},
		{[]int{2, 8}, "text", event.Size{}, true},
		{[]int{64}, "text", event.Size{}, true},
		{[]int{128}, "text", event.Size{}, true},
		{[]int{16}, "es", event.Size{Width: 8, Height: 2}, true},
		{[]int{32}, "es", event.Size{Width: 8, Height: 2}, true},
		{[]int{128}, "es", event.Size{Width: 8, Height: 2}, true},
		{[]int{1, 8, 8}, "es", event.Size{Width: 8, Height: 2}, true},
		{[]int{32}, "text", event.Size{}, false}, // four pixels a side cannot see them
		{[]int{40}, "text", event.Size{}, false},
		{[]int{3, 2, 8}, "text", event.Size{}, false},
		{[]int{3, 2, 8}, "es", event.Size{Width: 8, Height: 2}, false},
	} {
		var recording bytes.Buffer
		w, err := event.NewWriter(c.format, &recording, c.size)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(events); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		m := network(model.SpikeCount)
		m.Input.Shape = c.shape

		got, err := streamed(m, &recording, c.format)
		want, wantErr := filed(t, m, recording.String(), c.format)
		if (err == nil) != c.seen || (wantErr == nil) != c.seen {
			t.Errorf("input of shape %v, %s: errors %v of the stream and %v of the file, seen: %v", c.shape, c.format, err, wantErr, c.seen)
		}
		if !slices.Equal(got, want) {
			t.Errorf("input of shape %v, %s: the stream has spikes\n%v\nthe file\n%v", c.shape, c.format, got, want)
		}
	}
}

// streamed returns the spikes of a stream, step by step.
func streamed(m *model.Network, recording *bytes.Buffer, format string) ([]string, error) {
	in, err := NewInput(strings.NewReader(recording.String()), m, InputOptions{Format: format})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	steps, err := frames(in)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprint(channels(s)))
	}
	return out, nil
}

// filed returns the spikes of a file.
func filed(t *testing.T, m *model.Network, recording, format string) ([]string, error) {
	name := filepath.Join(t.TempDir(), "recording."+map[string]string{"text": "txt", "es": "es"}[format])
	if err := os.WriteFile(name, []byte(recording), 0o666); err != nil {
		t.Fatal(err)
	}
	source, err := dataset.Open(name, m)
	if err != nil {
		return nil, err
	}
	train := spike.NewTrain(dataset.Longest(source), m.Input.Size())
	if err := source.Load(train, 0, dataset.Key{}); err != nil {
		return nil, err
	}
	var out []string
	for step := range train.Steps() {
		out = append(out, fmt.Sprint(slices.Collect(train.At(step).All())))
	}
	return out, nil
}
