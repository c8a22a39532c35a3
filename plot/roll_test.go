package plot

import (
	"bytes"
	"errors"
	"image/png"
	"testing"

	"github.com/snurun/snurun/spike"
)

// roll is a piece of 5 steps of 4 notes.
func roll() Roll {
	r := Roll{Names: []string{"C4", "D4", "E4", "F4"}, Came: spike.NewTrain(5, 4), Expected: spike.NewValues(4, 4), NLL: []float64{1, 3, 0.5, 2}}
	for t := range 5 {
		r.Came.At(t).Set(t % 4)
	}
	for i := range r.Expected.Data() {
		r.Expected.Data()[i] = float32(i%5) / 4
	}
	return r
}

// drawn returns the pixels of a figure, and that its SVG is written too.
func drawn(t *testing.T, f *Figure, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var picture, vector bytes.Buffer
	if err := f.Write(&picture, PNG); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(&vector, SVG); err != nil || !bytes.Contains(vector.Bytes(), []byte("</svg>")) {
		t.Fatalf("%v", err)
	}
	if _, err := png.Decode(bytes.NewReader(picture.Bytes())); err != nil {
		t.Fatal(err)
	}
	return picture.Bytes()
}

func TestChorale(t *testing.T) {
	f, err := Chorale(roll())
	whole := drawn(t, f, err)
	other := roll()
	other.Came.At(4).Clear()
	if f, err = Chorale(other); bytes.Equal(drawn(t, f, err), whole) {
		t.Error("a note less is the same figure")
	}
	for i, change := range []func(*Roll){
		func(r *Roll) { r.Names = r.Names[1:] },
		func(r *Roll) { r.NLL = r.NLL[1:] },
		func(r *Roll) { r.Expected = spike.NewValues(5, 4) },
		func(r *Roll) { r.Came = spike.NewTrain(1, 4) },
		func(r *Roll) { r.NLL[0] = 1e200 },
	} {
		r := roll()
		change(&r)
		if _, err := Chorale(r); !errors.Is(err, ErrData) {
			t.Errorf("case %d: error is %v, expected ErrData", i, err)
		}
	}
}

func TestSteps(t *testing.T) {
	x := spike.NewTrain(4, 3)
	x.At(1).Set(2)
	input := []Activity{{Name: "input", Kind: "channel", Data: x}}
	labels := Labels{Names: []string{"a", "b"}, Decided: []int{0, 0, 1, 1}, Target: []int{0, -1, 1, 0}}
	f, err := Steps(input, labels, 1)
	whole := drawn(t, f, err)
	labels.Decided = []int{0, 1, 1, 1}
	if f, err = Steps(input, labels, 1); bytes.Equal(drawn(t, f, err), whole) {
		t.Error("another decision is the same figure")
	}
	for i, l := range []Labels{
		{Names: labels.Names, Decided: []int{0, 2, 0, 0}},
		{Names: labels.Names, Decided: []int{0, 0, 0}},
		{Names: nil, Decided: labels.Decided},
		{Names: labels.Names, Decided: labels.Decided, Target: []int{0, 0, 0, 0, 0}},
		{Names: labels.Names, Decided: labels.Decided, Target: []int{-2}},
	} {
		if _, err := Steps(input, l, 1); !errors.Is(err, ErrData) {
			t.Errorf("case %d: error is %v, expected ErrData", i, err)
		}
	}
}
