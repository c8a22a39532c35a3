package dataset

import (
	"bytes"
	"math"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestAugmentationNothing(t *testing.T) {
	src := []byte{0, 10, 20, 255, 3, 4}
	dst := make([]byte, 6)
	Augmentation{}.apply(dst, src, 2, 3, 0, Key{1, 2})
	if !bytes.Equal(dst, src) {
		t.Errorf("no augmentation makes %v of %v", dst, src)
	}
}

// The centre of mass of a spot moves by the shift, and turns by the rotation.
func TestAugmentationMoves(t *testing.T) {
	const side = 41
	spot := make([]byte, side*side)
	spot[20*side+30] = 255 // 10 right of the centre
	centre := func(p []byte) (x, y float64) {
		sum := 0.0
		for i, v := range p {
			x += float64(v) * float64(i%side-20)
			y += float64(v) * float64(i/side-20)
			sum += float64(v)
		}
		return x / sum, y / sum
	}
	dst := make([]byte, side*side)
	var farX, farTurn, minX float64
	minX = 100
	for s := range uint64(200) {
		Augmentation{Shift: 2}.apply(dst, spot, side, side, 0, Key{1, s})
		x, y := centre(dst)
		if math.Abs(x-10) > 2.1 || math.Abs(y) > 2.1 {
			t.Fatalf("shift 2 moves the spot to %v, %v", x, y)
		}
		farX, minX = max(farX, x), min(minX, x)
		Augmentation{Rotate: 0.3}.apply(dst, spot, side, side, 0, Key{1, s})
		x, y = centre(dst)
		turn := math.Atan2(y, x)
		if math.Abs(turn) > 0.33 || math.Abs(math.Hypot(x, y)-10) > 0.5 {
			t.Fatalf("rotation 0.3 moves the spot to %v, %v", x, y)
		}
		farTurn = max(farTurn, math.Abs(turn))
	}
	if farX < 11.5 || minX > 8.5 || farTurn < 0.25 {
		t.Errorf("the spot reaches only %v to %v and %v rad", minX, farX, farTurn)
	}
}

func TestAugmentationElastic(t *testing.T) {
	var squares float64
	const n = 4000
	for s := range uint64(n) {
		g := Augmentation{Elastic: 0.7}.displacements(Key{3, s})
		squares += g[7][0] * g[7][0]
		if dx, dy := g.at(0.25, 0.5); dx != g[2*elasticGrid+1][0] || dy != g[2*elasticGrid+1][1] {
			t.Fatalf("at a node the displacement is %v, %v, expected %v", dx, dy, g[2*elasticGrid+1])
		}
	}
	if std := math.Sqrt(squares / n); math.Abs(std-0.7) > 0.03 {
		t.Errorf("displacements have standard deviation %v, expected 0.7", std)
	}
}

func TestAugmentedSource(t *testing.T) {
	set, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	in := model.Input{Shape: []int{784}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1000}}
	encoder, err := NewEncoder(in)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := FromImages(set, encoder)
	if err != nil {
		t.Fatal(err)
	}
	none, err := Augmented(plain, Augmentation{})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Augmented(plain, Augmentation{Shift: 2, Rotate: 0.2, Elastic: 1})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := spike.NewTrain(4, 784), spike.NewTrain(4, 784), spike.NewTrain(4, 784)
	load := func(s Source, dst spike.Input, i int, k Key) {
		t.Helper()
		if err := s.Load(dst, i, k); err != nil {
			t.Fatal(err)
		}
	}
	load(plain, a, 5, Key{1, 5})
	load(none, b, 5, Key{1, 5})
	if !equalTrains(a, b) {
		t.Error("no augmentation changes the spikes")
	}
	load(moved, b, 5, Key{1, 5})
	load(moved, c, 5, Key{1, 5})
	if equalTrains(a, b) || !equalTrains(b, c) {
		t.Error("augmentation must change the spikes, and by the key alone")
	}
	load(moved, c, 5, Key{1, 5}.Epoch(1))
	if equalTrains(b, c) {
		t.Error("another epoch gives the same spikes")
	}
	held := spike.Input(c)
	if n := fewestAllocations(func() { load(moved, held, 5, Key{1, 6}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if err := moved.Load(c, 1000, Key{}); err == nil {
		t.Error("took sample 1000 of 1000")
	}
}

// fewestAllocations returns how often f allocates in the best of many calls: a
// sync.Pool forgets at a garbage collection, and at random under the race detector.
func fewestAllocations(f func()) float64 {
	n := math.Inf(1)
	for range 30 {
		n = min(n, testing.AllocsPerRun(1, f))
	}
	return n
}

func equalTrains(a, b spike.Train) bool {
	for i, w := range a.Words() {
		if b.Words()[i] != w {
			return false
		}
	}
	return true
}

func TestAugmentationRefuses(t *testing.T) {
	for _, a := range []Augmentation{{Shift: -1}, {Rotate: 2}, {Elastic: math.NaN()}, {Shift: math.Inf(1)}} {
		if err := a.Validate(); err == nil {
			t.Errorf("%+v was taken", a)
		}
	}
}

// What is above a threshold keeps its size when it is moved; interpolation
// alone would make it wider.
func TestAugmentedStrokesKeepTheirWidth(t *testing.T) {
	const side = 28
	src, dst := make([]byte, side*side), make([]byte, side*side)
	for y := 8; y < 20; y++ {
		for x := 13; x < 15; x++ {
			src[y*side+x] = byte(60 + 10*y) // uneven, all above the cut
		}
	}
	before, after, draws := 24, 0, 200
	for s := range uint64(draws) {
		Augmentation{Shift: 1, Rotate: 0.2}.apply(dst, src, side, side, 50, Key{3, s})
		for _, v := range dst {
			if v != 0 && v != 255 {
				t.Fatalf("a pixel is %d, expected 0 or 255", v)
			}
			if v != 0 {
				after++
			}
		}
	}
	if mean := float64(after) / float64(draws); mean < 0.9*float64(before) || mean > 1.1*float64(before) {
		t.Errorf("%d pixels became %v on average", before, mean)
	}
}
