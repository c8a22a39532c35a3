package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
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
)

// Chorales are pieces of music in parts: for training, for choices (valid) and for the
// test. A piece is a train of steps and 88 channels, the keys of a piano.
type Chorales map[string][]spike.Train

// ReadChorales reads pieces as JSON, {"train": [piece, …], "valid": …, "test": …}: a
// piece is an array of steps, a step an array of the MIDI pitches that sound in it, 21 to
// 108. It may be gzipped. Name is that of the stream in errors.
func ReadChorales(r io.Reader, name string) (Chorales, error) {
	content, _, err := unpack(r)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(content, maxMusic+1))
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	if len(data) > maxMusic {
		return nil, fmt.Errorf("dataset: %s: %w: more than %d bytes", name, ErrFormat, maxMusic)
	}
	var parts map[string][][][]int
	if err := json.Unmarshal(data, &parts); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w: %w: expected pieces as {\"train\": [[[60, 64], …], …], \"valid\": …, \"test\": …}", name, ErrFormat, err)
	}
	all := Chorales{}
	for part, pieces := range parts {
		for i, steps := range pieces {
			where := fmt.Sprintf("%s: %s[%d]", name, part, i)
			if len(steps) < 2 || len(steps) > maxPieceSteps {
				return nil, fmt.Errorf("dataset: %s: %w: a piece of %d steps, expected 2 to %d", where, ErrFormat, len(steps), maxPieceSteps)
			}
			piece := spike.NewTrain(len(steps), pianoKeys)
			for t, pitches := range steps {
				for _, p := range pitches {
					if p < lowestPitch || p >= lowestPitch+pianoKeys {
						return nil, fmt.Errorf("dataset: %s: %w: step %d has pitch %d, expected %d to %d", where, ErrFormat, t, p, lowestPitch, lowestPitch+pianoKeys-1)
					}
					piece.At(t).Set(p - lowestPitch)
				}
			}
			all[part] = append(all[part], piece)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: no pieces, expected them in train, valid and test", name, ErrFormat)
	}
	return all, nil
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
