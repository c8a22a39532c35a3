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

// tinyTrainer returns a trainer with a checkpoint of a few hundred bytes, of a
// network with a convolution if planes is set.
func tinyTrainer(tb testing.TB, planes bool) *Trainer {
	tb.Helper()
	m := &model.Network{
		Steps: 3, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{1, 2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 500}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{1, 2}, Out: []int{2}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Decay: []float32{0.5}, Bias: []float32{-0.5},
		}},
	}
	if planes {
		m.Input.Shape = []int{1, 1, 2}
		m.Layers = append([]model.Layer{{
			Kind: model.Conv2D, In: []int{1, 1, 2}, Out: []int{3, 1, 2}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Window: model.Window{Kernel: [2]int{1, 2}, Stride: [2]int{1, 1}, Padding: [2]int{0, 1}, Dilation: [2]int{1, 2}}, Groups: 1,
			Weight: model.Tensor{Shape: []int{3, 1, 1, 2}, F32: []float32{1, 2, 3, 1, 2, 3}}, Decay: []float32{0.5}, Bias: []float32{-0.5},
		}}, m.Layers...)
		last := &m.Layers[1]
		last.In, last.Weight = []int{3, 1, 2}, model.Matrix(2, 6, []float32{1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1})
	}
	encoder, err := dataset.NewEncoder(m.Input)
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
// checkpoint that is accepted can be trained on from and saved again; one that is
// refused leaves the trainer as it was.
func FuzzRestore(f *testing.F) {
	fresh := make(map[bool][]byte)
	for _, planes := range []bool{false, true} {
		tr := tinyTrainer(f, planes)
		save := func(extra string) []byte {
			var saved bytes.Buffer
			if err := tr.Save(&saved, []byte(extra)); err != nil {
				f.Fatal(err)
			}
			return saved.Bytes()[:saved.Len()-sha256.Size]
		}
		fresh[planes] = save("")
		f.Add(planes, fresh[planes])
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := tr.Epoch(ctx, func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
			f.Fatal(err)
		}
		f.Add(planes, save(`[{"epoch":1}]`))
		for range 2 {
			if _, err := tr.Epoch(context.Background(), nil); err != nil {
				f.Fatal(err)
			}
			f.Add(planes, save(""))
		}
		for at := len(checkpointMagic) + sha256.Size; at < len(fresh[planes]); at += 8 {
			wild := bytes.Clone(fresh[planes])
			copy(wild[at:], "\xff\xff\xff\xff\xff\xff\xff\xff")
			f.Add(planes, wild)
		}
	}
	f.Fuzz(func(t *testing.T, planes bool, body []byte) {
		fresh := fresh[planes]
		if len(body) > len(fresh)+1<<10 {
			return // more of the caller's own data, nothing new
		}
		tr := tinyTrainer(t, planes)
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
		// What kernels cannot tell apart, such as −0, or see, is not kept.
		var third bytes.Buffer
		if _, err := tr.Restore(bytes.NewReader(again.Bytes())); err != nil {
			t.Fatalf("saved %x: %v", again.Bytes(), err)
		}
		if err := tr.Save(&third, extra); err != nil || !bytes.Equal(third.Bytes(), again.Bytes()) {
			t.Fatalf("restored %x, saved %x, then %x, %v", whole, again.Bytes(), third.Bytes(), err)
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
	tr := tinyTrainer(t, true)
	if _, err := tr.Epoch(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := tr.Save(&saved, []byte("history")); err != nil {
		t.Fatal(err)
	}
	for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		fresh := tinyTrainer(t, true)
		extra, err := fresh.Restore(wrap(bytes.NewReader(saved.Bytes())))
		if err != nil || string(extra) != "history" || !bytes.Equal(bytesOf(t, fresh), bytesOf(t, tr)) {
			t.Errorf("restored %q, %v", extra, err)
		}
	}
}
