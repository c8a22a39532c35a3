package dataset

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func imageSet() ImageSet {
	return ImageSet{
		Images:  Images{3, 2, 2, []byte{0, 1, 2, 3, 255, 255, 255, 255, 0, 0, 0, 9}},
		Labels:  []int{1, 0, 1},
		Classes: []string{"dark", "light"},
	}
}

func TestFromImages(t *testing.T) {
	enc, err := NewEncoder(model.Input{Shape: []int{1, 2, 2}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 500}})
	if err != nil {
		t.Fatal(err)
	}
	set := imageSet()
	src, err := FromImages(set, enc)
	if err != nil {
		t.Fatal(err)
	}
	if src.Len() != 3 || src.Label(0) != 1 || !slices.Equal(src.Shape(), []int{1, 2, 2}) || !slices.Equal(src.Classes(), set.Classes) {
		t.Errorf("%d samples of shape %v, classes %v", src.Len(), src.Shape(), src.Classes())
	}
	got, want := spike.NewTrain(20, 4), spike.NewTrain(20, 4)
	for i := range 3 {
		if err := errors.Join(src.Load(got, i, Key{1, 2}), enc.Encode(want, set.At(i), Key{1, 2})); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Words(), want.Words()) {
			t.Errorf("sample %d is not what the encoder makes of its image", i)
		}
	}
	if err := src.Load(spike.NewValues(1, 4), 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("values of a spiking source: %v", err)
	}

	direct, err := FromImages(set, encoder(t, 4, model.Encoder{Coding: model.Direct}))
	if err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(2, 4)
	if err := direct.Load(v, 1, Key{}); err != nil || !slices.Equal(v.At(1), []float32{1, 1, 1, 1}) {
		t.Errorf("values %v, %v", v, err)
	}
}

func TestFromTrains(t *testing.T) {
	trains := []spike.Train{spike.NewTrain(2, 70), spike.NewTrain(4, 70)}
	trains[0].At(1).Set(69)
	trains[1].At(0).Set(3)
	trains[1].At(3).Set(4)
	src, err := FromInputs(trains, []int{70}, []int{0, 0}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewTrain(3, 70)
	dst.At(2).Set(7) // must go: sample 0 is shorter
	if err := src.Load(dst, 0, Key{}); err != nil || dst.Count() != 1 || !dst.At(1).Get(69) {
		t.Errorf("a shorter recording gave %x, %v", dst.Words(), err)
	}
	if err := src.Load(dst, 1, Key{}); err != nil || dst.Count() != 1 || !dst.At(0).Get(3) {
		t.Errorf("a longer recording gave %x, %v", dst.Words(), err)
	}
	if err := src.Load(spike.NewValues(1, 70), 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("values of spikes: %v", err)
	}
}

func TestFromValues(t *testing.T) {
	a, err := spike.FromData(2, 2, []float32{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	src, err := FromInputs([]spike.Values{a}, []int{2}, []int{0}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[int][]float32{1: {1, 2}, 2: {1, 2, 3, 4}, 3: {1, 2, 3, 4, 0, 0}} {
		data := []float32{9, 9, 9, 9, 9, 9}[:2*steps]
		dst, err := spike.FromData(steps, 2, data)
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Load(dst, 0, Key{}); err != nil || !slices.Equal(data, want) {
			t.Errorf("%d steps: %v, %v, expected %v", steps, data, err, want)
		}
	}
	if err := src.Load(spike.NewTrain(1, 2), 0, Key{}); !errors.Is(err, ErrCoding) {
		t.Errorf("spikes of values: %v", err)
	}
}

func TestSourcesRefuse(t *testing.T) {
	trains, values := []spike.Train{spike.NewTrain(1, 4)}, []spike.Values{spike.NewValues(1, 4)}
	enc := encoder(t, 4, model.Encoder{Coding: model.Latency})
	images := func(change func(*ImageSet)) error {
		set := imageSet()
		change(&set)
		_, err := FromImages(set, enc)
		return err
	}
	second := func(_ Source, err error) error { return err }
	for name, err := range map[string]error{
		"labels short":    images(func(s *ImageSet) { s.Labels = s.Labels[:2] }),
		"negative count":  images(func(s *ImageSet) { s.Count, s.Labels = -1, nil }),
		"label too large": images(func(s *ImageSet) { s.Labels[1] = 2 }),
		"label negative":  images(func(s *ImageSet) { s.Labels[1] = -1 }),
		"pixels short":    images(func(s *ImageSet) { s.Pixels = s.Pixels[:11] }),
		"pixels long":     images(func(s *ImageSet) { s.Pixels = append(s.Pixels, 1, 2, 3, 4) }),
		"no height":       images(func(s *ImageSet) { s.Height = 0 }),
		"huge":            images(func(s *ImageSet) { s.Height, s.Width = 1<<30, 1<<30 }),
		"other size":      images(func(s *ImageSet) { s.Count, s.Width, s.Labels = 1, 6, s.Labels[:1] }),
		"train size":      second(FromInputs(trains, []int{5}, []int{0}, []string{"a"})),
		"value size":      second(FromInputs(values, []int{5}, []int{0}, []string{"a"})),
		"train labels":    second(FromInputs(trains, []int{4}, []int{}, []string{"a"})),
		"value labels":    second(FromInputs(values, []int{4}, []int{}, []string{"a"})),
	} {
		if !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v, expected ErrMismatch", name, err)
		}
	}
	if _, err := FromInputs(trains, []int{-4}, []int{0}, []string{"a"}); err == nil {
		t.Error("a negative shape was taken")
	}

	labels, classes := []int{0}, []string{"a"}
	src, err := FromInputs(trains, []int{4}, labels, classes)
	val, err2 := FromInputs(values, []int{4}, labels, classes)
	img, err3 := FromImages(imageSet(), enc)
	dir, err4 := FromImages(imageSet(), encoder(t, 4, model.Encoder{Coding: model.Direct}))
	sub, err5 := Subset(src, []int{0})
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"train index":     src.Load(spike.NewTrain(1, 4), 1, Key{}),
		"no destination":  src.Load(nil, 0, Key{}),
		"negative index":  src.Load(spike.NewTrain(1, 4), -1, Key{}),
		"train size":      src.Load(spike.NewTrain(1, 5), 0, Key{}),
		"value index":     val.Load(spike.NewValues(1, 4), 1, Key{}),
		"value size":      val.Load(spike.NewValues(1, 5), 0, Key{}),
		"image index":     img.Load(spike.NewTrain(1, 4), 3, Key{}),
		"direct index":    dir.Load(spike.NewValues(1, 4), 3, Key{}),
		"subset index":    sub.Load(spike.NewTrain(1, 4), 1, Key{}),
		"subset values":   sub.Load(spike.NewValues(1, 4), -1, Key{}),
		"subset of 1, 2":  second(Subset(src, []int{0, 1})),
		"subset negative": second(Subset(src, []int{-1})),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestUnknownLabels(t *testing.T) {
	set := imageSet()
	set.Labels = nil
	src, err := FromImages(set, encoder(t, 4, model.Encoder{Coding: model.Latency}))
	if err != nil || src.Len() != 3 || src.Label(2) != -1 {
		t.Errorf("%v, %v", src, err)
	}
}

func TestSubset(t *testing.T) {
	set := imageSet()
	enc := encoder(t, 4, model.Encoder{Coding: model.Poisson, RateHz: 700})
	src, err := FromImages(set, enc)
	if err != nil {
		t.Fatal(err)
	}
	indices := []int{2, 1}
	sub, err := Subset(src, indices)
	if err != nil {
		t.Fatal(err)
	}
	indices[0] = 0 // the subset has its own
	if sub.Len() != 2 || sub.Label(0) != 1 || sub.Label(1) != 0 {
		t.Errorf("%d samples, labels %d and %d", sub.Len(), sub.Label(0), sub.Label(1))
	}
	got, want := spike.NewTrain(9, 4), spike.NewTrain(9, 4)
	for i, k := range []int{2, 1} {
		if err := errors.Join(sub.Load(got, i, Key{3, 4}), src.Load(want, k, Key{3, 4})); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Words(), want.Words()) {
			t.Errorf("sample %d of the subset is not sample %d", i, k)
		}
	}
	analog, err := FromImages(set, encoder(t, 4, model.Encoder{Coding: model.Direct}))
	if err != nil {
		t.Fatal(err)
	}
	sub, err = Subset(analog, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(1, 4)
	if err := sub.Load(v, 0, Key{}); err != nil || v.At(0)[0] != 1 {
		t.Errorf("values %v, %v", v, err)
	}
}

func TestInput(t *testing.T) {
	set := imageSet()
	for _, coding := range []model.Coding{model.Latency, model.Direct} {
		in := model.Input{Shape: []int{4}, Encoder: model.Encoder{Coding: coding}}
		enc, err := NewEncoder(in)
		if err != nil {
			t.Fatal(err)
		}
		src, err := FromImages(set, enc)
		if err != nil {
			t.Fatal(err)
		}
		p := in.New(3)
		if err := src.Load(p, 1, Key{}); err != nil {
			t.Fatal(err)
		}
		switch x := p.(type) {
		case spike.Values:
			if coding != model.Direct || x.At(2)[3] != 1 {
				t.Errorf("%s: %v", coding, x)
			}
		case spike.Train:
			if coding != model.Latency || x.Count() != 4 {
				t.Errorf("%s: %v", coding, x)
			}
		}
	}
}

// Sources are shared by goroutines and allocate nothing.
func TestSourceIsShared(t *testing.T) {
	set := sample(t)
	src, err := FromImages(set, encoder(t, 784, model.Encoder{Coding: model.Poisson, RateHz: 100}))
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewTrain(10, 784)
	held := spike.Input(dst)
	if n := testing.AllocsPerRun(10, func() { src.Load(held, 5, Key{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	want := slices.Clone(dst.Words())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dst := spike.NewTrain(10, 784)
			for i := range 20 {
				src.Load(dst, i, Key{})
			}
			if src.Load(dst, 5, Key{}); !slices.Equal(dst.Words(), want) {
				t.Error("sample 5 differs")
			}
		})
	}
	wg.Wait()
}
