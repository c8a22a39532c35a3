package dataset

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// The notes of a piano, which a step of music has a channel each of.
const (
	lowestPitch = 21 // MIDI: A0
	pianoKeys   = 88
)

// NoteNames returns the names of the 88 channels of a piano roll, A0 to C8.
func NoteNames() []string {
	names := make([]string, pianoKeys)
	for k := range names {
		pitch := lowestPitch + k
		names[k] = fmt.Sprintf("%s%d", strings.Fields("C C# D D# E F F# G G# A A# B")[pitch%12], pitch/12-1)
	}
	return names
}

// ChoralesFile is the name of the JSB chorales in steps of a quarter note, as
// Chorales reads them.
const ChoralesFile = "jsb-chorales-quarter.json"

// Bounds of a file of music.
const (
	maxMusic      = 64 << 20 // bytes
	maxPieceSteps = 1 << 20
	maxMusicSteps = 1 << 22 // of all pieces
)

// Chorales are pieces of music in parts: for training, for choices (valid) and for the
// test. A piece is a train of steps and 88 channels, the keys of a piano.
type Chorales map[string][]spike.Train

// ReadChorales reads pieces as JSON, {"train": [piece, …], "valid": …, "test": …}: a
// piece is an array of steps, a step an array of the MIDI pitches that sound in it, 21 to
// 108. It may be gzipped. Name is that of the stream in errors.
func ReadChorales(r io.Reader, name string) (Chorales, error) {
	content, _, err := unpack(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	limited := &io.LimitedReader{R: content, N: maxMusic + 1}
	c := choraleReader{name: name, all: Chorales{}, json: json.NewDecoder(limited)}
	err = c.parts()
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("dataset: %s: %w: more than %d bytes", name, ErrFormat, maxMusic)
	case errors.Is(err, ErrFormat):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("dataset: %s: %w: %w: expected pieces as {\"train\": [[[60, 64], …], …], \"valid\": …, \"test\": …}", name, ErrFormat, err)
	case len(c.all) == 0:
		return nil, fmt.Errorf("dataset: %s: %w: no pieces, expected them in train, valid and test", name, ErrFormat)
	}
	return c.all, nil
}

// choraleReader reads pieces step by step: what a file says holds no more memory than
// what is kept of it.
type choraleReader struct {
	name  string
	json  *json.Decoder
	all   Chorales
	steps int // of all pieces
}

func (c *choraleReader) parts() error {
	err := c.within('{', func() error {
		key, err := c.json.Token()
		if err != nil {
			return err
		}
		part, _ := key.(string) // the keys of an object are
		number := -1
		return c.within('[', func() error {
			number++
			piece, err := c.piece(fmt.Sprintf("%s: %s[%d]", c.name, part, number))
			if err == nil {
				c.all[part] = append(c.all[part], piece)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if _, err := c.json.Token(); err != io.EOF {
		return cmp.Or(err, errors.New("more behind the pieces"))
	}
	return nil
}

// piece reads one piece; where names it in errors.
func (c *choraleReader) piece(where string) (spike.Train, error) {
	var words []uint64
	steps := 0
	err := c.within('[', func() error {
		if steps++; steps > maxPieceSteps {
			return fmt.Errorf("dataset: %s: %w: a piece of more than %d steps", where, ErrFormat, maxPieceSteps)
		}
		if c.steps++; c.steps > maxMusicSteps {
			return fmt.Errorf("dataset: %s: %w: more than %d steps in all pieces", where, ErrFormat, maxMusicSteps)
		}
		set := spike.NewVector(pianoKeys)
		err := c.within('[', func() error {
			t, err := c.json.Token()
			if err != nil {
				return err
			}
			p, ok := t.(float64)
			if !ok || p != math.Trunc(p) {
				return fmt.Errorf("found %v where a pitch was expected", t)
			}
			if p < lowestPitch || p >= lowestPitch+pianoKeys {
				return fmt.Errorf("dataset: %s: %w: step %d has pitch %.0f, expected %d to %d", where, ErrFormat, steps-1, p, lowestPitch, lowestPitch+pianoKeys-1)
			}
			set.Set(int(p) - lowestPitch)
			return nil
		})
		words = append(words, set...)
		return err
	})
	if err != nil {
		return spike.Train{}, err
	}
	if steps < 2 {
		return spike.Train{}, fmt.Errorf("dataset: %s: %w: a piece of %d steps, expected 2 to %d", where, ErrFormat, steps, maxPieceSteps)
	}
	return spike.FromWords(steps, pianoKeys, words)
}

// within reads an object or an array that begins with open and calls f at each of its
// elements.
func (c *choraleReader) within(open json.Delim, f func() error) error {
	t, err := c.json.Token()
	if err != nil {
		return err
	}
	if t != open {
		return fmt.Errorf("found %v where %v was expected", t, open)
	}
	for c.json.More() {
		if err := f(); err != nil {
			return err
		}
	}
	_, err = c.json.Token()
	return err
}

// LoadChorales reads the pieces of a file, or of a folder: of ChoralesFile, gzipped or not,
// or the only .json.
func LoadChorales(path string) (Chorales, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		file, err := choralesIn(path)
		if err != nil {
			return nil, err
		}
		path = file
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	return ReadChorales(f, path)
}

func choralesIn(dir string) (string, error) {
	if file := findFile(dir, ChoralesFile); file != "" {
		return file, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("dataset: %s: %w: neither %s nor a single other .json; 'snurun data jsb --out %[1]s' fetches it", dir, fs.ErrNotExist, ChoralesFile)
	}
	return files[0], nil
}

// isMusic reports whether a file is music for a network that decides on sets of notes.
func isMusic(m *model.Network, name string) bool {
	name = strings.ToLower(name)
	return m != nil && m.Readout.Kind == model.StepSet && m.Input.Size() == pianoKeys &&
		(strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".json.gz"))
}

// Part returns the pieces of a part for predicting each step from those before: sample
// i has all steps of piece i but the last as input, and as targets the sets of notes of
// all steps but the first.
func (c Chorales) Part(part string) (Source, error) {
	pieces, ok := c[part]
	if !ok {
		return nil, fmt.Errorf("dataset: %w: there is no part %q among the pieces", ErrMismatch, part)
	}
	return fromPieces(pieces)
}

// Transposed returns the pieces of a part as Part does, each moved by −n … n semitones, as
// far as the keys of a piano reach: first as it is, for all pieces, then up by one, down by
// one, up by two, and so on.
func (c Chorales) Transposed(part string, n int) (Source, error) {
	if n < 0 || n >= pianoKeys {
		return nil, fmt.Errorf("dataset: %w: pieces moved by up to %d semitones, expected 0 to %d", ErrMismatch, n, pianoKeys-1)
	}
	pieces, ok := c[part]
	if !ok {
		return nil, fmt.Errorf("dataset: %w: there is no part %q among the pieces", ErrMismatch, part)
	}
	all := slices.Clone(pieces)
	for by := 1; by <= n; by++ {
		for _, semitones := range []int{by, -by} {
			for _, p := range pieces {
				if moved, ok := transposed(p, semitones); ok {
					all = append(all, moved)
				}
			}
		}
	}
	return fromPieces(all)
}

// transposed returns a piece moved by semitones, false if a note leaves the keys.
func transposed(p spike.Train, semitones int) (spike.Train, bool) {
	moved := spike.NewTrain(p.Steps(), p.Size())
	for t := range p.Steps() {
		for j := range p.At(t).All() {
			if j += semitones; j < 0 || j >= p.Size() {
				return moved, false
			}
			moved.At(t).Set(j)
		}
	}
	return moved, true
}

// All returns the pieces of all parts, in the order of the parts' names, as Part does.
func (c Chorales) All() (Source, error) {
	var pieces []spike.Train
	for _, part := range c.parts() {
		pieces = append(pieces, c[part]...)
	}
	return fromPieces(pieces)
}

func (c Chorales) parts() []string {
	var names []string
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func fromPieces(pieces []spike.Train) (Source, error) {
	inputs, targets := make([]spike.Train, len(pieces)), make([]Targets, len(pieces))
	for i, p := range pieces {
		n := p.Steps() - 1
		inputs[i], targets[i] = p.Slice(0, n), Targets{Sets: p.Slice(1, n+1)}
	}
	return FromSequences(inputs, []int{pianoKeys}, targets, NoteNames())
}

// MusicInput is what a step of music is to a network: 88 channels, and quarter notes at
// 120 a minute.
func MusicInput() model.Input {
	const quarter model.Millis = 500
	return model.Input{Shape: []int{pianoKeys}, Dt: quarter, Encoder: model.Encoder{Coding: model.Events, BinUS: quarter.Micros()}}
}
