package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestDirectIsPinned pins the value of every intensity, bit by bit; like
// TestEncodeIsPinned, it must hold in every version and on every architecture.
func TestDirectIsPinned(t *testing.T) {
	x := make([]byte, 256)
	for i := range x {
		x[i] = byte(i)
	}
	dst := spike.NewValues(1, len(x))
	if err := encoder(t, len(x), model.Encoder{Coding: model.Direct}).Encode(dst, x, Key{}); err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, dst.At(0)); err != nil {
		t.Fatal(err)
	}
	const want = "010413efe9fc4438fee48de66c4d09f377b28af6a9fe2522201e8c1dbb831fc8"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("the values have the digest %s, expected %s", got, want)
	}
}

// TestEventsArePinned pins the steps that events are binned into, as spikes and
// as counts.
func TestEventsArePinned(t *testing.T) {
	size := event.Size{Width: 5, Height: 7}
	var events []event.Event
	for i := range 60 {
		events = append(events, event.Event{T: int64(100*i + 37*(i%3)), X: uint16(i * i % 5), Y: uint16(i % 2), P: uint8(i / 2 % 2)})
	}
	var b bytes.Buffer
	w, err := event.NewWriter("evt2", &b, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.raw")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	in := model.Input{Shape: []int{2, 7, 5}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1500}}
	src, err := Open(path, &model.Network{Input: in})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(4, 70)
	if err := src.Load(x, 0, Key{}); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{0x129800000273, 0x0, 0x139000000273, 0x0, 0x139800000253, 0x0, 0x139800000272, 0x0}; !slices.Equal(x.Words(), want) {
		t.Errorf("spikes %#x, expected %#x", x.Words(), want)
	}
	in.Encoder.Counts = true
	if src, err = Open(path, &model.Network{Input: in}); err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(1, 70)
	if err := src.Load(v, 0, Key{}); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(v.At(0)), "[1 1 0 0 2 1 2 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 2 0 0 1 0 1 0 0 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]"; got != want {
		t.Errorf("counts %s, expected %s", got, want)
	}
}
