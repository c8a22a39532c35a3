package dataset

import "github.com/snurun/snurun/spike"

// Lengths is what a Source may know besides: how long its recordings are. The
// sources of this package have it where samples have a length of their own.
type Lengths interface {
	// Length returns the number of time steps of sample i, or 0 if it has no
	// length of its own, as an image, and is shown for as long as one likes.
	Length(i int) int
}

// Length returns the number of time steps of sample i of a source, or 0 if it has
// no length of its own or the source does not know it.
func Length(s Source, i int) int {
	if l, ok := s.(Lengths); ok {
		return l.Length(i)
	}
	return 0
}

// Longest returns the number of steps of the longest recording of a source, or
// 0 if its samples have no length of their own, as images.
func Longest(s Source) int {
	longest := 0
	for i := range s.Len() {
		longest = max(longest, Length(s, i))
	}
	return longest
}

// LoadUnpadded is Source.Load, but of a recording that is shorter than dst it fills
// no more than its own steps, and returns that part of dst.
func LoadUnpadded(s Source, dst spike.Input, i int, key Key) (spike.Input, error) {
	if err := checkSample(i, s.Len()); err != nil {
		return nil, err
	}
	if n := Length(s, i); n > 0 && dst != nil && n < dst.Steps() {
		dst = spike.Slice(dst, 0, n)
	}
	return dst, s.Load(dst, i, key)
}

// Steps returns for how many steps the samples of a source are presented unless
// something else is asked for. Arrays on their own (FromInputs, .npy) are
// presented whole, all of a source as long as the longest. Any other sample
// can be shown for as long as one likes, and Steps returns unlimited: an image is
// repeated; recordings of events, and those of a folder, whose lengths differ,
// are cut or followed by silence.
func Steps(s Source, unlimited int) int {
	switch s := s.(type) {
	case *inputs, *sequences:
		return Longest(s)
	case *judged:
		return Steps(s.Source, unlimited)
	case *signalSource:
		return Steps(s.Source, unlimited)
	case *subset:
		return Steps(s.Source, unlimited)
	}
	return unlimited
}
