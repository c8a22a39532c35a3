package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrCoding is the error of an input asked for in a form that its coding does
// not have.
var ErrCoding = errors.New("wrong input coding")

// Encoder turns intensities into the input of a network. An intensity is a
// byte v for x = v/255. T is the number of steps of the destination.
//
//	poisson   at each step a spike with probability min(1, rate·Δt·x),
//	          rounded to a multiple of 2⁻³²; with a threshold, rate·Δt where
//	          x > threshold, else 0
//	latency   one spike at step min(⌊(1−x)·T⌋, T−1) where x > 0; with a
//	          threshold, where x > threshold
//	direct    x at each step, analog
//
// An Encoder is immutable and allocates nothing after its creation; any number
// of goroutines may share it.
type Encoder struct {
	coding model.Coding
	shape  []int
	size   int
	cut    int         // intensities from here on are above the threshold
	binary bool        // poisson: they all have the probability level
	level  uint32      // in units of 2⁻³²
	prob   [256]uint32 // poisson: probability of each intensity
	value  [256]float32
}

// NewEncoder returns the encoder of a network's input. Events are no intensities:
// the coding events is an ErrCoding.
func NewEncoder(in model.Input) (*Encoder, error) {
	size, err := channels(in.Shape)
	if err != nil {
		return nil, err
	}
	e := &Encoder{coding: in.Encoder.Coding, shape: slices.Clone(in.Shape), size: size}
	threshold := 0.0
	if in.Encoder.Threshold != nil {
		threshold = *in.Encoder.Threshold
	}
	for v := range 256 {
		e.value[v] = float32(v) / 255
		if !(float64(v)/255 > threshold) {
			e.cut = v + 1
		}
	}
	switch e.coding {
	case model.Latency, model.Direct:
	case model.Poisson:
		p := float64(in.Encoder.RateHz*float64(in.Dt)) / 1000
		if !(p >= 0) || math.IsInf(p, 0) || !(in.Dt > 0) {
			return nil, fmt.Errorf("dataset: encoder: rate %v Hz at steps of %v ms, expected finite numbers, a rate of at least 0 and a step above 0", in.Encoder.RateHz, in.Dt)
		}
		e.binary, e.level = in.Encoder.Threshold != nil, fixed(p)
		for v := range 256 {
			e.prob[v] = fixed(p * (float64(v) / 255))
		}
	default:
		return nil, fmt.Errorf("dataset: encoder: %w: %q is not for intensities, expected poisson, latency or direct", ErrCoding, e.coding)
	}
	return e, nil
}

// Size returns the number of channels.
func (e *Encoder) Size() int { return e.size }

// Analog reports whether the encoder yields values, not spikes.
func (e *Encoder) Analog() bool { return e.coding == model.Direct }

// Encode overwrites dst with the input that the intensities x, one a channel,
// make: spikes, or values if the encoder is analog; any other dst is an ErrCoding.
// The key chooses the noise; a train of fewer steps is the beginning of one of
// more steps (poisson).
func (e *Encoder) Encode(dst spike.Input, x []byte, key Key) error {
	switch dst := dst.(type) {
	case spike.Train:
		if e.Analog() {
			return fmt.Errorf("dataset: encode: %w: coding direct yields values, not spikes", ErrCoding)
		}
		if err := e.check(dst.Size(), x); err != nil {
			return err
		}
		if e.coding == model.Latency {
			e.latency(dst, x)
		} else {
			e.poisson(dst, x, key)
		}
	case spike.Values:
		if !e.Analog() {
			return fmt.Errorf("dataset: encode: %w: coding %s yields spikes, not values", ErrCoding, e.coding)
		}
		if err := e.check(dst.Size(), x); err != nil {
			return err
		}
		e.direct(dst, x)
	default:
		return fmt.Errorf("dataset: encode: %w: there is nothing to encode into", ErrCoding)
	}
	return nil
}

func (e *Encoder) direct(dst spike.Values, x []byte) {
	for s := range dst.Steps() {
		row := dst.At(s)
		if s > 0 {
			copy(row, dst.At(0))
			continue
		}
		for i, v := range x {
			row[i] = e.value[v]
		}
	}
}

func (e *Encoder) check(size int, x []byte) error {
	if size != e.size || len(x) != e.size {
		return fmt.Errorf("dataset: encode: %d intensities into %d channels, expected %d", len(x), size, e.size)
	}
	return nil
}

func (e *Encoder) latency(dst spike.Train, x []byte) {
	dst.Clear()
	steps := uint64(dst.Steps())
	if steps == 0 {
		return
	}
	for i, v := range x {
		if int(v) >= e.cut {
			dst.At(int(min(uint64(255-v)*steps/255, steps-1))).Set(i)
		}
	}
}

// poisson encodes 64 channels at a time. The random numbers of word w at step s
// are those after place s·2³² + w·2⁵ of the key's stream.
func (e *Encoder) poisson(dst spike.Train, x []byte, key Key) {
	words, stride := dst.Words(), spike.Words(e.size)
	state, step := key.state(), uint64(gamma)
	step <<= 32
	var p probabilities
	if e.binary {
		p.fill(e.level)
	}
	for w := range stride {
		e.load(&p, x[w*spike.WordBits:])
		at := state + gamma*(uint64(w)<<5)
		for i := w; i < len(words); i += stride {
			words[i] = p.draw(at)
			at += step
		}
	}
}

// load makes p the probabilities of the next 64 intensities; channels past the
// end of x have probability 0.
func (e *Encoder) load(p *probabilities, x []byte) {
	channels := ^uint64(0)
	if len(x) < spike.WordBits {
		channels = 1<<len(x) - 1
		var padded [spike.WordBits]byte
		copy(padded[:], x)
		x = padded[:]
	}
	word := (*[spike.WordBits]byte)(x)
	p.some, p.all = 0, 0
	switch {
	case !e.binary:
		p.gather(&e.prob, word)
	case e.level == certain:
		p.all = atLeast(word, e.cut) & channels
	case e.level != 0:
		p.some = atLeast(word, e.cut) & channels
	}
}

// threshold returns the intensity from which on pixels are all the same to the
// encoder, and below which they are silent, or 0 if there is none.
func (e *Encoder) threshold() int {
	if !e.binary {
		return 0
	}
	return e.cut
}
