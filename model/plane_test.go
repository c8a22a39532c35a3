package model_test

import (
	"testing"

	"github.com/snurun/snurun/model"
)

func TestPlane(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shape         []int
		width, height int
		want          model.Plane
	}{
		{[]int{1, 5, 12}, 0, 0, model.Plane{Channels: 1, Height: 5, Width: 12}},
		{[]int{2, 5, 12}, 0, 0, model.Plane{Channels: 2, Height: 5, Width: 12}},
		{[]int{2, 5, 12}, 346, 260, model.Plane{Channels: 2, Height: 5, Width: 12}},
		{[]int{5, 12}, 0, 0, model.Plane{Channels: 1, Height: 5, Width: 12}},
		{[]int{60}, 12, 5, model.Plane{Channels: 1, Height: 5, Width: 12}},
		{[]int{120}, 12, 5, model.Plane{Channels: 2, Height: 5, Width: 12}},
		{[]int{64}, 16, 4, model.Plane{Channels: 1, Height: 4, Width: 16}},
		{[]int{64}, 0, 0, model.Plane{Channels: 1, Height: 8, Width: 8}},
		{[]int{128}, 0, 0, model.Plane{Channels: 2, Height: 8, Width: 8}},
		{[]int{128}, 346, 260, model.Plane{Channels: 2, Height: 8, Width: 8}},
		{[]int{1}, 0, 0, model.Plane{Channels: 1, Height: 1, Width: 1}},
		{[]int{2}, 0, 0, model.Plane{Channels: 2, Height: 1, Width: 1}},
		{[]int{536848900}, 0, 0, model.Plane{Channels: 1, Height: 23170, Width: 23170}},
		{[]int{60}, 0, 0, model.Plane{}},
		{[]int{60}, -12, -5, model.Plane{}},
		{[]int{3, 4, 5}, 5, 4, model.Plane{}},
		{[]int{1, 2, 4, 5}, 5, 4, model.Plane{}},
		{[]int{2, -4, 5}, 5, 4, model.Plane{}},
		{[]int{0}, 0, 0, model.Plane{}},
		{nil, 5, 4, model.Plane{}},
	} {
		got, err := model.Input{Shape: c.shape}.Plane(c.width, c.height)
		if got != c.want || (err == nil) != (c.want.Channels > 0) {
			t.Errorf("shape %v, sensor of %d×%d: %+v, %v, expected %+v", c.shape, c.width, c.height, got, err, c.want)
		}
	}
}

func TestPlaneChannel(t *testing.T) {
	t.Parallel()
	both, one := model.Plane{Channels: 2, Height: 5, Width: 12}, model.Plane{Channels: 1, Height: 5, Width: 12}
	next := 0
	for p := range 2 {
		for y := range 5 {
			for x := range 12 {
				if c := both.Channel(x, y, p); c != next || !both.Contains(x, y) {
					t.Errorf("x=%d y=%d p=%d: channel %d, expected %d", x, y, p, c, next)
				}
				if c := one.Channel(x, y, p); c != next%60 {
					t.Errorf("x=%d y=%d p=%d of one channel a pixel: channel %d, expected %d", x, y, p, c, next%60)
				}
				next++
			}
		}
	}
	for _, at := range [][2]int{{12, 0}, {0, 5}, {-1, 0}, {0, -1}} {
		if both.Contains(at[0], at[1]) {
			t.Errorf("%v is a pixel", at)
		}
	}
}
