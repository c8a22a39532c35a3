package sound

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/internal/det"
)

// A Resampler brings samples from one rate to another, piece by piece, with the same
// result however they are cut: a windowed sinc (Hann, 16 zero crossings at the lower
// rate on each side) that keeps what lies below 0.9 of half the lower rate. What it
// yields lags by the half of its length. It is linear in phase, and its coefficients
// are computed by the same operations on every CPU.
type Resampler struct {
	up, down int         // the ratio of the rates, in lowest terms
	taps     [][]float32 // of each phase, the newest sample's first
	past     []float32   // the last samples, a ring; as many as a phase has taps
	at       int         // of the newest in past
	phase    int         // of the next output, in 1/up of an input sample
}

const (
	zeroCrossings = 16
	passShare     = 0.9
	maxPhases     = 1 << 10
	maxTaps       = 1 << 20 // of all phases
)

// NewResampler returns a resampler, nil if the rates are the same. Rates without a
// common divisor that is large enough are an ErrFormat.
func NewResampler(from, to int) (*Resampler, error) {
	if from < 1 || to < 1 || from > maxHz || to > maxHz {
		return nil, fmt.Errorf("sound: %w: rates of %d and %d samples a second, expected 1 to %d", ErrFormat, from, to, maxHz)
	}
	if from == to {
		return nil, nil
	}
	g := gcd(from, to)
	r := &Resampler{up: to / g, down: from / g}
	// In input samples: half the length of the filter.
	half := zeroCrossings * max(1, float64(from)/float64(to)) / passShare
	n := 2*int(math.Ceil(half)) + 1
	if r.up > maxPhases || r.up*n > maxTaps {
		return nil, fmt.Errorf("sound: %w: %d samples a second do not become %d in a simple ratio; 'sox IN.wav -r %[3]d OUT.wav' makes such a file", ErrFormat, from, to)
	}
	r.past = make([]float32, n)
	cut := passShare * min(1, float64(to)/float64(from)) // of half the input's rate
	for p := range r.up {
		taps := make([]float32, n)
		sum := 0.0
		exact := make([]float64, n)
		for k := range taps {
			// The distance of tap k from the middle of the filter, in input samples.
			t := float64(k) - float64(n/2) + float64(p)/float64(r.up)
			if a := math.Abs(t); a < half {
				exact[k] = float64(sinc(float64(cut*t)) * (0.5 + float64(0.5*det.Cos(math.Pi*a/half))))
			}
			sum += exact[k]
		}
		for k, v := range exact {
			taps[k] = float32(v / sum)
		}
		r.taps = append(r.taps, taps)
	}
	return r, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// sinc returns sin(πx)/(πx).
func sinc(x float64) float64 {
	if x = math.Abs(x); x < 1e-9 {
		return 1
	}
	// sin(πx) by the distance to the nearest whole number.
	n := math.Round(x)
	s := det.Sin(math.Pi * (x - n))
	if math.Mod(n, 2) != 0 {
		s = -s
	}
	return s / (math.Pi * x)
}

// Append appends to dst what the next samples x yield.
func (r *Resampler) Append(dst, x []float32) []float32 {
	n := len(r.past)
	for _, v := range x {
		if r.at--; r.at < 0 {
			r.at = n - 1
		}
		r.past[r.at] = v
		for ; r.phase < r.up; r.phase += r.down {
			taps := r.taps[r.phase]
			sum := float32(0)
			for k, c := range taps[:n-r.at] {
				sum += float32(c * r.past[r.at+k])
			}
			for k, c := range taps[n-r.at:] {
				sum += float32(c * r.past[k])
			}
			dst = append(dst, sum)
		}
		r.phase -= r.up
	}
	return dst
}

// Resampled returns a clip at another rate.
func (c Clip) Resampled(hz int) (Clip, error) {
	r, err := NewResampler(c.SampleHz, hz)
	if r == nil || err != nil {
		return c, err
	}
	n := int64(len(c.Samples))*int64(r.up)/int64(r.down) + 1
	if n > maxFrames {
		return Clip{}, fmt.Errorf("sound: %w: %d samples at %d a second are %d at %d, expected at most %d: cut it into pieces, or stream it", ErrFormat, len(c.Samples), c.SampleHz, n, hz, maxFrames)
	}
	return Clip{hz, r.Append(make([]float32, 0, n), c.Samples)}, nil
}
