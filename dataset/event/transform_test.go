package event

import (
	"bytes"
	"image"
	"testing"
)

// source returns a Source of the given events.
func source(t testing.TB, size Size, events []Event) Source {
	t.Helper()
	data, err := write("text", size, events)
	if err != nil {
		t.Fatal(err)
	}
	src, err := NewReader("text", bytes.NewReader(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestCrop(t *testing.T) {
	events := []Event{{T: 1, X: 2, Y: 3, P: 1}, {T: 2, X: 1, Y: 3}, {T: 3, X: 2, Y: 2}, {T: 4, X: 5, Y: 3}, {T: 5, X: 4, Y: 6}, {T: 6, X: 2, Y: 7}}
	for size := 1; size < 8; size++ {
		src, err := Crop(source(t, Size{10, 10}, events), image.Rect(2, 3, 5, 7))
		if err != nil {
			t.Fatal(err)
		}
		if want := (Size{3, 4}); src.Size() != want {
			t.Errorf("got size %v, want %v", src.Size(), want)
		}
		got, err := drain(src, size)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, []Event{{T: 1, P: 1}, {T: 5, X: 2, Y: 3}})
	}
	for _, r := range []image.Rectangle{{}, image.Rect(-1, 0, 5, 5), image.Rect(0, -1, 5, 5), image.Rect(0, 0, 1<<16+1, 5), {image.Pt(5, 5), image.Pt(2, 2)}} {
		if _, err := Crop(source(t, Size{}, nil), r); err == nil {
			t.Errorf("rectangle %v was taken", r)
		}
	}
}

func TestDownsample(t *testing.T) {
	for _, c := range []struct {
		size   Size
		factor int
		want   Size
	}{
		{Size{34, 34}, 1, Size{34, 34}},
		{Size{34, 35}, 2, Size{17, 18}},
		{Size{34, 34}, 100, Size{1, 1}},
		{Size{}, 3, Size{}},
	} {
		src, err := Downsample(source(t, c.size, []Event{{T: 1, X: 33, Y: 1, P: 1}}), c.factor)
		if err != nil {
			t.Fatal(err)
		}
		if src.Size() != c.want {
			t.Errorf("%v by %d: got size %v, want %v", c.size, c.factor, src.Size(), c.want)
		}
		got, err := drain(src, 3)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, []Event{{T: 1, X: uint16(33 / c.factor), Y: uint16(1 / c.factor), P: 1}})
	}
	for _, factor := range []int{0, -1, 1<<16 + 1} {
		if _, err := Downsample(source(t, Size{}, nil), factor); err == nil {
			t.Errorf("factor %d was taken", factor)
		}
	}
}

func TestMergePolarity(t *testing.T) {
	src := MergePolarity(source(t, Size{5, 5}, []Event{{T: 1, X: 2, P: 1}, {T: 2, Y: 3}}))
	got, err := drain(src, 3)
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, []Event{{T: 1, X: 2}, {T: 2, Y: 3}})
	if want := (Size{5, 5}); src.Size() != want {
		t.Errorf("got size %v, want %v", src.Size(), want)
	}
}

// TestTransformSkipped passes the count of skipped records on.
func TestTransformSkipped(t *testing.T) {
	src, err := NewReader("text", bytes.NewReader([]byte("1,2,3,1\nx\n")), Options{SkipBad: true})
	if err != nil {
		t.Fatal(err)
	}
	src = MergePolarity(src)
	if _, err := drain(src, 3); err != nil || src.Skipped() != 1 {
		t.Errorf("got %d skipped, error %v, want 1", src.Skipped(), err)
	}
}
