package stream

import (
	"bytes"
	"fmt"
	"io"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// pcmReader reads time steps from samples of 16 bits, little-endian, of one channel.
// The end of the input within a step leaves the step out.
type pcmReader struct {
	r         io.Reader
	encoder   *sound.Encoder
	resampler *sound.Resampler // nil if the samples have the encoder's rate
	bytes     []byte           // room for a read
	kept      int              // bytes in it, of a sample that is not whole
	samples   []float32        // at the encoder's rate
	used      int              // of them, by steps before
	begun     bool             // whether the beginning was looked at
	spikes    spike.Vector
	err       error // that ends the input once the samples are used
}

// newPCMReader returns the reader of samples of a rate, 0 for that of the network.
func newPCMReader(r io.Reader, in model.Input, hz int) (*pcmReader, error) {
	encoder, err := sound.NewEncoder(in)
	if err != nil {
		return nil, err
	}
	p := &pcmReader{r: r, encoder: encoder, bytes: make([]byte, 1<<13), spikes: spike.NewVector(in.Size())}
	own := int(in.Encoder.Sound.SampleHz)
	if hz != 0 {
		p.resampler, err = sound.NewResampler(hz, own)
	}
	return p, err
}

func (p *pcmReader) read(c *chunk) error {
	hop := p.encoder.Hop()
	for len(p.samples)-p.used < hop {
		if p.err != nil {
			return p.err
		}
		p.samples = p.samples[:copy(p.samples, p.samples[p.used:])]
		p.used = 0
		n, err := p.r.Read(p.bytes[p.kept:])
		p.err = err
		if err := p.take(p.bytes[:p.kept+n]); err != nil {
			return err
		}
	}
	p.encoder.Step(p.spikes, p.samples[p.used:])
	p.used += hop
	c.clear()
	c.isStep = true
	c.channels = p.spikes.AppendIndices(c.channels)
	return nil
}

// take appends the samples in b.
func (p *pcmReader) take(b []byte) error {
	if !p.begun {
		if len(b) < 4 && p.err == nil { // too few to tell
			p.kept = len(b)
			return nil
		}
		if p.begun = true; bytes.HasPrefix(b, []byte("RIFF")) {
			return fmt.Errorf("stream: %s: the input begins with a header, it is a WAV file: %w; arecord -t raw leaves the header out, snurun classify reads WAV files", S16LE, event.ErrMalformed)
		}
	}
	whole := len(b) &^ 1
	for i := 0; i < whole; i += 2 {
		v := sound.S16(b[i:])
		if p.resampler == nil {
			p.samples = append(p.samples, v)
		} else {
			p.samples = p.resampler.Append(p.samples, []float32{v})
		}
	}
	p.kept = copy(p.bytes, b[whole:])
	return nil
}
