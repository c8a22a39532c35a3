package dataset

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// spotSource has one sample: a spot of 3×3 pixels of both polarities, of values
// 1 and 2, in the middle of the plane and of the steps.
func spotSource(t *testing.T, side, steps int, analog bool) Source {
	t.Helper()
	x, v := spike.NewTrain(steps, 2*side*side), spike.NewValues(steps, 2*side*side)
	for dy := range 3 {
		for dx := range 3 {
			for p := range 2 {
				c := (p*side+side/2+dy-1)*side + side/2 + dx - 1
				x.At(steps / 2).Set(c)
				v.At(steps / 2)[c] = float32(1 + p)
			}
		}
	}
	var src Source
	var err error
	if analog {
		src, err = FromInputs([]spike.Values{v}, []int{2, side, side}, nil, nil)
	} else {
		src, err = FromInputs([]spike.Train{x}, []int{2, side, side}, nil, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// middle returns the middle of what there is of one polarity, and how much.
func middle(x spike.Train, side, polarity int) (step, px, py float64, n int) {
	for t := range x.Steps() {
		for c := range x.At(t).All() {
			if c/(side*side) == polarity {
				step, px, py = step+float64(t), px+float64(c%side), py+float64(c/side%side)
				n++
			}
		}
	}
	return step / float64(n), px / float64(n), py / float64(n), n
}

// Both polarities move together, to whole pixels, within the bounds, and by the
// key alone.
func TestAugmentedRecordingShifts(t *testing.T) {
	const side, steps = 11, 9
	src := spotSource(t, side, steps, false)
	moved, err := Augmented(src, Augmentation{Shift: 2})
	if err != nil {
		t.Fatal(err)
	}
	x, again := spike.NewTrain(steps, 2*side*side), spike.NewTrain(steps, 2*side*side)
	places := map[[2]float64]int{}
	for s := range uint64(500) {
		k := Key{1, s}
		if err := errors.Join(moved.Load(x, 0, k), moved.Load(again, 0, k)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x.Words(), again.Words()) {
			t.Fatal("the same key moves in two ways")
		}
		step, px, py, n := middle(x, side, 0)
		step1, px1, py1, n1 := middle(x, side, 1)
		if n != 9 || n1 != 9 || px != px1 || py != py1 || step != 4 || step1 != 4 || math.Abs(px-5) > 2 || math.Abs(py-5) > 2 {
			t.Fatalf("key %d: %d spikes around %v, %v at step %v, the others around %v, %v", s, n, px, py, step, px1, py1)
		}
		places[[2]float64{px, py}]++
	}
	if len(places) != 25 {
		t.Errorf("%d of 25 places are reached", len(places))
	}
}

// What leaves the plane or the presentation is dropped.
func TestAugmentedRecordingDrops(t *testing.T) {
	const side = 3
	src := spotSource(t, side, 3, false)
	moved, err := Augmented(src, Augmentation{Shift: 2, Jitter: 3})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(3, 2*side*side)
	fewer := false
	for s := range uint64(100) {
		if err := moved.Load(x, 0, Key{2, s}); err != nil {
			t.Fatal(err)
		}
		fewer = fewer || x.Count() < 18
		if x.Count() > 18 {
			t.Fatalf("%d of 18 spikes", x.Count())
		}
	}
	if !fewer {
		t.Error("nothing left the plane in 100 moves")
	}
}

func TestAugmentedRecordingJitters(t *testing.T) {
	const side, steps, n = 11, 9, 2
	moved, err := Augmented(spotSource(t, side, steps, false), Augmentation{Jitter: n})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, steps)
	x := spike.NewTrain(steps, 2*side*side)
	for s := range uint64(300) {
		if err := moved.Load(x, 0, Key{3, s}); err != nil {
			t.Fatal(err)
		}
		for step := range steps {
			counts[step] += x.At(step).Count()
		}
		if _, px, py, k := middle(x, side, 0); k != 9 || px != 5 || py != 5 {
			t.Fatalf("jitter in time moves pixels: %d around %v, %v", k, px, py)
		}
	}
	for step, k := range counts {
		if near := step >= 4-n && step <= 4+n; near && math.Abs(float64(k)-1080) > 150 || !near && k > 0 {
			t.Errorf("step %d has %d spikes of 5400: %v", step, k, counts)
		}
	}
}

// Values keep their sum while they stay in the plane.
func TestAugmentedValues(t *testing.T) {
	const side, steps = 11, 9
	moved, err := Augmented(spotSource(t, side, steps, true), Augmentation{Shift: 1, Rotate: 0.5, Jitter: 1})
	if err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(steps, 2*side*side)
	seen := map[float32]bool{}
	for s := range uint64(20) {
		v.At(0)[0] = 99
		if err := moved.Load(v, 0, Key{4, s}); err != nil {
			t.Fatal(err)
		}
		sums := [2]float32{}
		for step := range steps {
			for c, x := range v.At(step) {
				sums[c/(side*side)] += x
				seen[x] = true
			}
		}
		if sums != [2]float32{9, 18} {
			t.Errorf("key %d: sums %v, expected 9 and 18", s, sums)
		}
	}
	if !seen[1] || !seen[2] {
		t.Errorf("values %v", seen)
	}
	held := spike.Input(v)
	if n := fewestAllocations(func() { moved.Load(held, 0, Key{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Images that are presented as values are moved as those that become spikes.
func TestAugmentedAnalogImages(t *testing.T) {
	set := sample(t)
	in := model.Input{Shape: []int{784}, Encoder: model.Encoder{Coding: model.Direct}}
	src, err := FromImageSet(set, in)
	if err != nil {
		t.Fatal(err)
	}
	a := Augmentation{Shift: 2, Rotate: 0.2, Elastic: 1}
	two, err := Subset(src, []int{7, 5})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Augmented(two, a)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 784)
	a.apply(want, set.At(5), 28, 28, 0, Key{1, 5})
	x := spike.NewValues(2, in.Size())
	if err := moved.Load(x, 1, Key{1, 5}); err != nil {
		t.Fatal(err)
	}
	for i, v := range want {
		if x.At(1)[i] != float32(v)/255 {
			t.Fatalf("pixel %d is %v, expected %d/255", i, x.At(1)[i], v)
		}
	}
	if err := moved.Load(x, 2, Key{}); err == nil {
		t.Error("took sample 2 of 2")
	}
}

func TestAugmentedRefuses(t *testing.T) {
	flat, err := FromInputs([]spike.Train{spike.NewTrain(2, 5)}, []int{5}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	images, err := FromImages(imageSet(), encoder(t, 4, model.Encoder{Coding: model.Latency}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		src  Source
		a    Augmentation
		want error
	}{
		"shift without pixels": {flat, Augmentation{Shift: 1}, ErrMismatch},
		"jitter of images":     {images, Augmentation{Jitter: 1}, ErrMismatch},
		"negative jitter":      {flat, Augmentation{Jitter: -1}, errAny},
	} {
		if _, err := Augmented(c.src, c.a); err == nil || c.want != errAny && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", name, err, c.want)
		}
	}
	if src, err := Augmented(flat, Augmentation{}); err != nil || src != flat {
		t.Errorf("no augmentation gives %v, %v", src, err)
	}
	jittered, err := Augmented(flat, Augmentation{Jitter: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := jittered.Load(spike.NewTrain(2, 5), 1, Key{}); err == nil {
		t.Error("took sample 1 of 1")
	}
	if err := jittered.Load(spike.NewValues(2, 5), 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("values of spikes: %v", err)
	}
}
