package dataset

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// soundExtensions are the endings of the names of sound: WAV files, and raw PCM of 16
// bits.
var soundExtensions = []string{".wav", ".s16"}

// isSound reports whether a file is sound, by how it begins or, of raw PCM, its name.
func isSound(head []byte, name string) bool {
	return sound.IsWAV(head) || strings.ToLower(filepath.Ext(name)) == ".s16"
}

// soundSource is a piece of sound, which becomes spikes as it is loaded.
type soundSource struct {
	labelled
	samples []float32 // at the encoder's rate
	banks   *banks
}

// banks are encoders of one input, for several goroutines. They are kept in a list, as
// a sync.Pool would give them up now and then.
type banks struct {
	in   model.Input
	lock sync.Mutex
	idle []*sound.Encoder
}

func newBanks(in model.Input) (*banks, error) {
	e, err := sound.NewEncoder(in)
	if err != nil {
		return nil, err
	}
	return &banks{in: in, idle: []*sound.Encoder{e}}, nil
}

// get returns an encoder in its initial state.
func (b *banks) get() *sound.Encoder {
	b.lock.Lock()
	defer b.lock.Unlock()
	n := len(b.idle)
	if n == 0 {
		e, _ := sound.NewEncoder(b.in) // as one was made of it before
		return e
	}
	e := b.idle[n-1]
	b.idle = b.idle[:n-1]
	e.Reset()
	return e
}

func (b *banks) put(e *sound.Encoder) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.idle = append(b.idle, e)
}

// sound reads a WAV file or raw PCM for a network whose encoder takes it.
func (j *job) sound(r io.Reader, file string) (Source, error) {
	s := j.in.Encoder.Sound
	if s == nil {
		return nil, fmt.Errorf("dataset: %s: %w: sound for a network whose input coding is %q, expected %q", j.name, ErrCoding, j.in.Encoder.Coding, model.Sounds)
	}
	c, err := j.clip(r, file, int(s.SampleHz))
	if err != nil {
		return nil, err
	}
	if len(c.Samples) < s.Hop {
		return nil, fmt.Errorf("dataset: %s: %w: %d samples, expected at least the %d of a time step", j.name, ErrFormat, len(c.Samples), s.Hop)
	}
	b, err := newBanks(j.in)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", j.name, err)
	}
	l, err := newLabelled(j.in.Shape, 1, j.class.labels(1), j.class.names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.name, err)
	}
	return &soundSource{l, c.Samples, b}, nil
}

// clip reads sound at a rate.
func (j *job) clip(r io.Reader, file string, hz int) (c sound.Clip, err error) {
	if strings.ToLower(filepath.Ext(file)) == ".s16" {
		c, err = sound.ReadS16(r, hz)
	} else {
		c, err = sound.ReadWAV(r)
	}
	if errors.Is(err, sound.ErrCut) && j.reading.SkipBad {
		err = j.reading.remark(j.name, RemarkSkipped, 1, "%v: what is there is taken", err)
	}
	if err == nil {
		c, err = c.Resampled(hz)
	}
	switch {
	case errors.Is(err, sound.ErrFormat), errors.Is(err, sound.ErrCut):
		return c, fmt.Errorf("dataset: %s: %w: %w", j.name, ErrFormat, err)
	case err != nil:
		return c, fmt.Errorf("dataset: %s: %w", j.name, err)
	}
	return c, nil
}

func (s *soundSource) Length(int) int { return len(s.samples) / s.banks.in.Encoder.Sound.Hop }

func (s *soundSource) Load(dst spike.Input, i int, _ Key) error {
	if err := s.check(dst, i); err != nil {
		return err
	}
	train, err := spikes(dst)
	if err != nil {
		return err
	}
	e := s.banks.get()
	defer s.banks.put(e)
	encode(train, e, s.samples)
	return nil
}

// encode overwrites dst with the spikes of sound, followed by silence.
func encode(dst spike.Train, e *sound.Encoder, x []float32) {
	t := 0
	for ; t < dst.Steps() && len(x) >= e.Hop(); t++ {
		e.Step(dst.At(t), x)
		x = x[e.Hop():]
	}
	for ; t < dst.Steps(); t++ {
		dst.At(t).Clear()
	}
}

// Sounds returns the samples of the pieces of sound that a source of a folder has,
// those at the given indices.
func Sounds(s Source, indices []int) iter.Seq[[]float32] {
	return func(yield func([]float32) bool) {
		for _, i := range indices {
			if piece := soundOf(s, i); piece != nil && !yield(piece.samples) {
				return
			}
		}
	}
}

// soundOf returns sample i of a source if it is sound, else nil.
func soundOf(s Source, i int) *soundSource {
	switch s := s.(type) {
	case *subset:
		return soundOf(s.Source, s.indices[i])
	case *folderSource:
		return soundOf(s.samples[i].file, s.samples[i].index)
	case *soundSource:
		return s
	}
	return nil
}

// WithSound returns a source of a folder of sound under another encoder of the same
// rate.
func WithSound(s Source, in model.Input) (Source, error) {
	f, ok := s.(*folderSource)
	if !ok {
		return nil, fmt.Errorf("dataset: %w: the samples are no folder of sound", ErrMismatch)
	}
	b, err := newBanks(in)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	other := *f
	other.shape, other.samples = in.Shape, slices.Clone(f.samples)
	for i := range other.samples {
		piece := soundOf(f, i)
		if piece == nil {
			return nil, fmt.Errorf("dataset: %s: %w: it is no sound, as the others are", f.samples[i].name, ErrMismatch)
		}
		l := piece.labelled
		l.shape, l.size = in.Shape, in.Size()
		other.samples[i].file = &soundSource{l, piece.samples, b}
	}
	return &other, nil
}
