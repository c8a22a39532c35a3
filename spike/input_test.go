package spike

import (
	"fmt"
	"testing"
)

func TestActive(t *testing.T) {
	train, values := NewTrain(2, 70), NewValues(2, 3)
	train.At(1).Set(3)
	train.At(1).Set(69)
	values.At(1)[0], values.At(1)[2] = -0.5, 2
	for _, c := range []struct {
		x    Input
		want string
	}{{train, "[3:1 69:1]"}, {values, "[0:-0.5 2:2]"}} {
		for step, want := range []string{"[]", c.want} {
			got := []string{}
			for i, v := range c.x.Active(step) {
				got = append(got, fmt.Sprintf("%d:%v", i, v))
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%T, step %d: %v, expected %s", c.x, step, got, want)
			}
		}
		for i := range c.x.Active(1) {
			if i > 3 {
				t.Errorf("%T: channel %d after the loop was left", c.x, i)
			}
			break
		}
		c.x.Clear()
		for i, v := range c.x.Active(1) {
			t.Errorf("%T: channel %d is %v after Clear", c.x, i, v)
		}
	}
}

func TestInputs(t *testing.T) {
	got := Inputs([]Train{NewTrain(1, 2), NewTrain(3, 4)})
	if len(got) != 2 || got[0].Size() != 2 || got[1].Steps() != 3 {
		t.Errorf("%v", got)
	}
}

func TestSliceOfInput(t *testing.T) {
	train, values := NewTrain(5, 70), NewValues(5, 70)
	train.At(3).Set(69)
	values.At(3)[69] = 1
	for _, x := range []Input{train, values} {
		part := Slice(x, 2, 4)
		if part.Steps() != 2 || part.Size() != 70 {
			t.Errorf("%T: %d steps of %d channels", x, part.Steps(), part.Size())
		}
		for i := range part.Active(1) {
			if i != 69 {
				t.Errorf("%T: channel %d", x, i)
			}
		}
		part.Clear()
		for i := range x.Active(3) {
			t.Errorf("%T: channel %d, but the memory is shared", x, i)
		}
	}
	if x := Slice(nil, 0, 0); x != nil {
		t.Errorf("no input, but its slice is %v", x)
	}
}
