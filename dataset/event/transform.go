package event

import (
	"fmt"
	"image"
)

// Crop returns the events of src inside rect, with the corner rect.Min moved to
// (0, 0). An empty rect, or one with a negative corner, is an error.
func Crop(src Source, rect image.Rectangle) (Source, error) {
	size := Size{rect.Dx(), rect.Dy()}
	if rect.Empty() || rect.Min.X < 0 || rect.Min.Y < 0 || size.check() != nil {
		return nil, fmt.Errorf("event: crop to %v, expected a rectangle of at least one pixel and at most %d a side, in the positive quadrant", rect, maxSide)
	}
	return &mapped{src, size, func(e *Event) bool {
		p := image.Pt(int(e.X), int(e.Y))
		e.X -= uint16(rect.Min.X)
		e.Y -= uint16(rect.Min.Y)
		return p.In(rect)
	}}, nil
}

// Downsample returns the events of src with both coordinates divided by factor,
// rounded down. A factor below 1 is an error.
func Downsample(src Source, factor int) (Source, error) {
	if factor < 1 || factor > maxSide {
		return nil, fmt.Errorf("event: downsample by %d, expected a factor from 1 to %d", factor, maxSide)
	}
	size := src.Size()
	if size.Known() {
		size = Size{(size.Width-1)/factor + 1, (size.Height-1)/factor + 1}
	}
	return &mapped{src, size, func(e *Event) bool {
		e.X = uint16(int(e.X) / factor)
		e.Y = uint16(int(e.Y) / factor)
		return true
	}}, nil
}

// MergePolarity returns the events of src with polarity 0.
func MergePolarity(src Source) Source {
	return &mapped{src, src.Size(), func(e *Event) bool {
		e.P = 0
		return true
	}}
}

// A mapped source changes each event and keeps those for which change is true.
type mapped struct {
	Source
	size   Size
	change func(*Event) (keep bool)
}

func (m *mapped) Size() Size { return m.size }

func (m *mapped) Read(dst []Event) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	for {
		n, err := m.Source.Read(dst)
		kept := 0
		for _, e := range dst[:n] {
			if m.change(&e) {
				dst[kept] = e
				kept++
			}
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}
