package sound

import (
	"errors"
	"fmt"
	"math"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrMismatch is the error of sound for a network that does not take any.
var ErrMismatch = errors.New("sound does not fit")

// Encoder turns samples into the spikes of a network's input, as model.Sound
// defines them, a time step at a time: a file and a microphone give the same. One
// goroutine at a time may use it. A step allocates nothing.
type Encoder struct {
	sound                   *model.Sound
	bands, sections, levels int
	share                   float32 // 1/Hop

	past     [2]float32   // the last two samples
	state    [][2]float32 // v_{n−1}, v_{n−2} of each section of each band
	envelope []float32    // E of each band
	sums     []float32    // of the magnitudes of a step, of each band
	noise    float32      // Z
	loudness float32      // L

	first, next, out []float32 // differences of the samples, and of what a section yields; that
}

// NewEncoder returns the encoder of a network's input, at its start.
func NewEncoder(in model.Input) (*Encoder, error) {
	s := in.Encoder.Sound
	if s == nil {
		return nil, fmt.Errorf("sound: %w: the network takes input of encoder %q, expected %q", ErrMismatch, in.Encoder.Coding, model.Sounds)
	}
	e := newBank(s)
	if n := in.Size(); n != e.bands*e.levels {
		return nil, fmt.Errorf("sound: %w: input of shape %v, expected %d levels of %d bands", ErrMismatch, in.Shape, e.levels, e.bands)
	}
	return e, nil
}

func newBank(s *model.Sound) *Encoder {
	e := &Encoder{sound: s, share: 1 / float32(s.Hop)}
	e.bands, e.sections, e.levels = s.Bands()
	e.state = make([][2]float32, e.bands*e.sections)
	e.envelope, e.sums = make([]float32, e.bands), make([]float32, e.bands)
	e.first, e.next, e.out = make([]float32, s.Hop), make([]float32, s.Hop), make([]float32, s.Hop)
	e.Reset()
	return e
}

// Hop returns how many samples a step takes.
func (e *Encoder) Hop() int { return e.sound.Hop }

// Size returns the number of channels.
func (e *Encoder) Size() int { return e.bands * e.levels }

// Reset goes back to the start.
func (e *Encoder) Reset() {
	e.past = [2]float32{}
	clear(e.state)
	clear(e.envelope)
	e.noise, e.loudness = 0, e.sound.Quiet
}

// Heard makes it as if something had been heard before that made L loudness.
func (e *Encoder) Heard(loudness float32) { e.loudness = max(e.loudness, loudness) }

// Loudest returns the largest L that samples make from the start, and goes back to it.
func (e *Encoder) Loudest(x []float32) float32 {
	e.Reset()
	loudest := e.loudness
	for ; len(x) >= e.sound.Hop; x = x[e.sound.Hop:] {
		e.listen(x)
		e.settle()
		loudest = max(loudest, e.loudness)
	}
	e.Reset()
	return loudest
}

// Step overwrites dst, of Size channels, with the spikes of the next Hop samples.
func (e *Encoder) Step(dst spike.Vector, x []float32) {
	e.listen(x)
	dst.Clear()
	levels := e.sound.Levels.F32
	for b, envelope := range e.envelope {
		for k := range e.levels {
			if envelope > float32(levels[b*e.levels+k]*e.loudness) {
				dst.Set(k*e.bands + b)
			}
		}
	}
	e.settle()
}

// listen takes the samples of a step into the envelopes and the loudness.
func (e *Encoder) listen(x []float32) {
	x1, x2 := e.past[0], e.past[1]
	for n, v := range x[:e.sound.Hop] {
		e.first[n] = v - x2
		x1, x2 = v, x1
	}
	e.past = [2]float32{x1, x2}
	b := 0
	if e.sections == 1 {
		for ; b+lanes <= e.bands; b += lanes {
			e.together(b)
		}
	}
	for ; b < e.bands; b++ {
		e.alone(b)
	}
	all := float32(0)
	for b, sum := range e.sums {
		m := float32(sum * e.share)
		e.envelope[b] += float32(e.sound.Smoothing * (m - e.envelope[b]))
		all += e.envelope[b]
	}
	if all < e.noise {
		e.noise = all
	} else {
		e.noise += float32(e.sound.Rise * (all - e.noise))
	}
	e.loudness = max(float32(e.sound.Fall*e.loudness), all, float32(e.sound.Above*e.noise), e.sound.Quiet)
}

// alone runs the sections of a band and sums up what the last one yields.
func (e *Encoder) alone(b int) {
	in, state := e.first, e.state[b*e.sections:][:e.sections]
	filters := e.sound.Filters.F32[3*b*e.sections:]
	var before [2]float32
	for s := range state {
		if s > 0 {
			in = e.next
			differences(in, e.out, before)
		}
		before = state[s]
		g, c1, c2 := filters[3*s], filters[3*s+1], filters[3*s+2]
		v1, v2 := before[0], before[1]
		for n, d := range in {
			v := (float32(g*d) + float32(c1*v1)) + float32(c2*v2)
			e.out[n] = v
			v1, v2 = v, v1
		}
		state[s] = [2]float32{v1, v2}
	}
	sum := float32(0)
	for _, v := range e.out {
		sum += magnitude(v)
	}
	e.sums[b] = sum
}

// lanes is how many bands together runs.
const lanes = 4

// together is alone for several bands of one section, none of which waits for another.
func (e *Encoder) together(b int) {
	f := (*[3 * lanes]float32)(e.sound.Filters.F32[3*b:])
	s := (*[lanes][2]float32)(e.state[b:])
	p1, p2, q1, q2 := s[0][0], s[0][1], s[1][0], s[1][1]
	r1, r2, t1, t2 := s[2][0], s[2][1], s[3][0], s[3][1]
	var p, q, r, t float32
	for _, d := range e.first {
		// Side by side, for CPUs that take instructions in their order.
		pd, qd, rd, td := float32(f[0]*d), float32(f[3]*d), float32(f[6]*d), float32(f[9]*d)
		pa, qa, ra, ta := float32(f[1]*p1), float32(f[4]*q1), float32(f[7]*r1), float32(f[10]*t1)
		p2, q2, r2, t2 = float32(f[2]*p2), float32(f[5]*q2), float32(f[8]*r2), float32(f[11]*t2)
		pd, qd, rd, td = pd+pa, qd+qa, rd+ra, td+ta
		pd, qd, rd, td = pd+p2, qd+q2, rd+r2, td+t2
		p1, p2, q1, q2, r1, r2, t1, t2 = pd, p1, qd, q1, rd, r1, td, t1
		p, q, r, t = p+magnitude(pd), q+magnitude(qd), r+magnitude(rd), t+magnitude(td)
	}
	*s = [lanes][2]float32{{p1, p2}, {q1, q2}, {r1, r2}, {t1, t2}}
	*(*[lanes]float32)(e.sums[b:]) = [lanes]float32{p, q, r, t}
}

// magnitude returns |x|.
func magnitude(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}

// differences sets d to v_n − v_{n−2}; before are the two values before v.
func differences(d, v []float32, before [2]float32) {
	v1, v2 := before[0], before[1]
	for n, x := range v {
		d[n] = x - v2
		v1, v2 = x, v1
	}
}

// settle makes what is next to nothing nothing.
func (e *Encoder) settle() {
	const least = 1.0 / (1 << 60)
	quiet := func(x float32) float32 {
		if x < least && x > -least {
			return 0
		}
		return x
	}
	for i, s := range e.state {
		e.state[i] = [2]float32{quiet(s[0]), quiet(s[1])}
	}
	for b, x := range e.envelope {
		e.envelope[b] = quiet(x)
	}
}
