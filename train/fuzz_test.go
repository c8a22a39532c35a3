package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
)

// tinyTrainer returns a trainer with a checkpoint of a few hundred bytes.
func tinyTrainer(tb testing.TB) *Trainer {
	tb.Helper()
	m := &model.Network{
		DtMS: 1, Steps: 3, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Shape: []int{1, 2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 500}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{1, 2}, Out: []int{2}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Decay: []float32{0.5}, Bias: []float32{-0.5},
		}},
	}
	encoder, err := dataset.NewEncoder(m.Input, m.DtMS)
	if err != nil {
		tb.Fatal(err)
	}
	source, err := dataset.FromImages(dataset.ImageSet{
		Images:  dataset.Images{Count: 3, Height: 1, Width: 2, Pixels: []byte{255, 0, 0, 255, 255, 0}},
		Classes: []string{"left", "right"}, Labels: []int{0, 1, 0},
	}, encoder)
	if err != nil {
		tb.Fatal(err)
	}
	c := smallConfig()
	c.Epochs, c.Batch, c.Threads = 2, 2, 1
	return mustNew(tb, m, source, c)
}

// seal returns a checkpoint body with its checksum.
func seal(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

// FuzzRestore restores from any bytes, with the right checksum too. A
// checkpoint that is accepted can be trained on from and saved again as the
// same bytes; one that is refused leaves the trainer as it was.
func FuzzRestore(f *testing.F) {
	tr := tinyTrainer(f)
	var saved bytes.Buffer
	save := func(extra string) []byte {
		saved.Reset()
		if err := tr.Save(&saved, []byte(extra)); err != nil {
			f.Fatal(err)
		}
		return bytes.Clone(saved.Bytes()[:saved.Len()-sha256.Size])
	}
	fresh := save("")
	f.Add(fresh)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := tr.Epoch(ctx, func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		f.Fatal(err)
	}
	f.Add(save(`[{"epoch":1}]`))
	for range 2 {
		if _, err := tr.Epoch(context.Background(), nil); err != nil {
			f.Fatal(err)
		}
		f.Add(save(""))
	}
	counters := len(checkpointMagic) + sha256.Size
	for at := counters; at < len(fresh); at += 8 {
		wild := bytes.Clone(fresh)
		copy(wild[at:], "\xff\xff\xff\xff\xff\xff\xff\xff")
		f.Add(wild)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > len(fresh)+1<<10 {
			return // more of the caller's own data, nothing new
		}
		tr := tinyTrainer(t)
		if _, err := tr.Restore(bytes.NewReader(body)); !errors.Is(err, ErrCheckpoint) {
			t.Fatalf("error %v without a checksum", err)
		}
		whole := seal(body)
		extra, err := tr.Restore(bytes.NewReader(whole))
		var again bytes.Buffer
		if errSave := tr.Save(&again, extra); errSave != nil {
			t.Fatal(errSave)
		}
		if err != nil {
			if !errors.Is(err, ErrCheckpoint) || !bytes.Equal(again.Bytes(), seal(fresh)) {
				t.Fatalf("error %v, then %x", err, again.Bytes())
			}
			return
		}
		if !bytes.Equal(again.Bytes(), whole) {
			t.Fatalf("restored %x, saved %x", whole, again.Bytes())
		}
		for !tr.Done() {
			if _, err := tr.Epoch(t.Context(), nil); err != nil {
				if errors.Is(err, ErrDiverged) {
					return
				}
				t.Fatal(err)
			}
		}
	})
}

// TestRestoreInPieces restores from short reads.
func TestRestoreInPieces(t *testing.T) {
	tr := tinyTrainer(t)
	if _, err := tr.Epoch(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := tr.Save(&saved, []byte("history")); err != nil {
		t.Fatal(err)
	}
	for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		fresh := tinyTrainer(t)
		extra, err := fresh.Restore(wrap(bytes.NewReader(saved.Bytes())))
		if err != nil || string(extra) != "history" || !bytes.Equal(bytesOf(t, fresh), bytesOf(t, tr)) {
			t.Errorf("restored %q, %v", extra, err)
		}
	}
}
