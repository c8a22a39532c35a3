package spike

import "fmt"

// Values is the analog counterpart of a Train: Steps rows of Size float32
// values, for networks whose input is real-valued (direct coding, event
// counts) and for soft units.
type Values struct {
	steps, size int
	data        []float32
}

// NewValues returns zeros for steps time steps of size channels.
func NewValues(steps, size int) Values {
	if steps < 0 || size < 0 || !fits(steps, size) {
		panic(fmt.Sprintf("spike: %d steps of %d channels", steps, size))
	}
	return Values{steps, size, make([]float32, steps*size)}
}

// FromData wraps data, step after step, without a copy. It refuses a wrong
// length, NaN and infinity.
func FromData(steps, size int, data []float32) (Values, error) {
	if steps < 0 || size < 0 || !fits(steps, size) || len(data) != steps*size {
		return Values{}, fmt.Errorf("spike: %d values for %d steps of %d channels", len(data), steps, size)
	}
	for i, x := range data {
		if x-x != 0 {
			return Values{}, fmt.Errorf("spike: value %v at step %d, channel %d is not finite", x, i/size, i%size)
		}
	}
	return Values{steps, size, data}, nil
}

// Steps returns the number of time steps.
func (v Values) Steps() int { return v.steps }

// Size returns the number of channels.
func (v Values) Size() int { return v.size }

// Data returns all values, step after step; they are shared, not copied.
func (v Values) Data() []float32 { return v.data }

// Clear sets all values to 0.
func (v Values) Clear() { clear(v.data) }

// At returns the values of one step; memory is shared.
func (v Values) At(step int) []float32 { return v.data[step*v.size : (step+1)*v.size] }

// Slice returns the steps from up to, not including, to; memory is shared.
func (v Values) Slice(from, to int) Values {
	return Values{to - from, v.size, v.data[from*v.size : to*v.size]}
}
