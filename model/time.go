package model

import "math"

// Millis is a length of time in milliseconds, such as that of a time step. It is
// the number of the model file, so that it comes and goes without rounding.
type Millis float64

// FromMicros returns a time that is given in µs.
func FromMicros(us float64) Millis { return Millis(us / 1e3) }

// Micros returns the time in µs. Whole µs stay whole: FromMicros(n).Micros() is n
// up to 2^52.
func (m Millis) Micros() float64 {
	us := float64(m) * 1e3
	if whole := math.Round(us); FromMicros(whole) == m {
		return whole
	}
	return us
}

// Seconds returns the time in seconds.
func (m Millis) Seconds() float64 { return float64(m) / 1e3 }
