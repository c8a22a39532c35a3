package model

import "fmt"

// Plane is the pixels that an input sees of a sensor or a picture: one plane for
// both polarities of an event, or one each.
type Plane struct {
	Channels      int // 1 or 2
	Height, Width int
}

// Channel returns the input channel of column x, row y and polarity p, which is 0
// for OFF and 1 for ON: (p·Height + y)·Width + x. In a plane of one channel the
// polarities share it.
func (p Plane) Channel(x, y, polarity int) int {
	if p.Channels == 1 {
		polarity = 0
	}
	return (polarity*p.Height+y)*p.Width + x
}

// Contains reports whether there is a pixel at column x and row y.
func (p Plane) Contains(x, y int) bool {
	return 0 <= x && x < p.Width && 0 <= y && y < p.Height
}

// Plane returns the pixels that the input sees of a sensor of width×height pixels,
// both 0 if that is not known:
//
//	[1, H, W] and [H, W]   H rows of W pixels, one channel each
//	[2, H, W]              a channel for the OFF and one for the ON events of each
//	[n]                    all pixels of the sensor, with one channel or two, if that
//	                       makes n; else those of a square, n = side² or 2·side²
//
// An input of any other shape sees no pixels, which is an error.
func (in Input) Plane(width, height int) (Plane, error) {
	s, rank := in.Shape, 0
	if _, valid := Volume(s); valid {
		rank = len(s)
	}
	switch rank {
	case 3:
		if s[0] == 1 || s[0] == 2 {
			return Plane{s[0], s[1], s[2]}, nil
		}
	case 2:
		return Plane{1, s[0], s[1]}, nil
	case 1:
		pixels := int64(max(width, 0)) * int64(max(height, 0))
		for channels := 1; channels <= 2; channels++ {
			if pixels > 0 && int64(channels)*pixels == int64(s[0]) {
				return Plane{channels, height, width}, nil
			}
		}
		for channels := 1; channels <= 2; channels++ {
			if side := root(s[0] / channels); channels*side*side == s[0] {
				return Plane{channels, side, side}, nil
			}
		}
	}
	return Plane{}, fmt.Errorf("an input of shape %v does not say which pixels it sees, expected [1 H W] or [2 H W], or as many channels as the sensor or a square has pixels, or twice as many", in.Shape)
}

// root returns the smallest number of at least 1 whose square is at least n.
func root(n int) int {
	side := 1
	for side < n/side || side*side < n {
		side++
	}
	return side
}
