package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// unlabelled is what stands in arrays of bytes for a step without a class.
const unlabelled = 255

// ReadSequences reads sequences with targets step by step from a NumPy archive, .npz:
//
//	x        [samples, steps, channels], spikes 0 and 1, or values if the input is analog
//	         or of signals
//	y        [samples, steps], the class of each step, or a negative number or 255 where
//	         it does not count; or [samples, steps, outputs], sets of 0 and 1
//	lengths  [samples], if there is one: the number of steps of each, no more than those of x
//
// Without a shape of in, a step is [channels]. Names are those of the outputs; nil
// stands for 0, 1, … as many as occur. Name is that of the stream in errors.
func ReadSequences(r io.Reader, name string, in model.Input, names []string) (Source, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err == nil && len(data) > maxArchive {
		err = fmt.Errorf("%w: more than %d bytes", ErrFormat, maxArchive)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	archive, err := npy.ReadArchive(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, arrayError(name, err)
	}
	for _, key := range []string{"x", "y"} {
		if archive.Arrays[key] == nil {
			if err := archive.Unread[key]; err != nil {
				return nil, arrayError(name+":"+key, err)
			}
			return nil, fmt.Errorf("dataset: %s: %w: there is no array %s, expected x [samples, steps, channels] and y [samples, steps] or [samples, steps, outputs]", name, ErrFormat, key)
		}
	}
	taken := in
	if in.Encoder.Coding.Signals() {
		taken = valuesOfSignal(in)
	}
	s, err := sequencesOf(archive.Arrays["x"], archive.Arrays["y"], archive.Arrays["lengths"], name, taken, names)
	return encoded(s, err, in, name)
}

func sequencesOf(x, y, lengths *npy.Array, name string, in model.Input, names []string) (Source, error) {
	samples, err := samplesOf(x, name+":x", in)
	if err != nil {
		return nil, err
	}
	if lengths != nil {
		if err := shorten(samples, lengths, name); err != nil {
			return nil, err
		}
	}
	targets, outputs, err := targetsOf(y, samples, x, name+":y")
	if err != nil {
		return nil, err
	}
	if names == nil {
		names = numbers(outputs)
	}
	shape := in.Shape
	if shape == nil && len(samples) > 0 {
		shape = []int{samples[0].Size()}
	}
	source, err := FromSequences(samples, shape, targets, names)
	return named(source, err)(name)
}

func samplesOf(x *npy.Array, name string, in model.Input) ([]spike.Input, error) {
	if in.Encoder.Analog() {
		values, err := valuesOf(x, name)
		return spike.Inputs(values), err
	}
	trains, err := spikesOf(x, name)
	return spike.Inputs(trains), err
}

// shorten cuts samples to their lengths.
func shorten(samples []spike.Input, lengths *npy.Array, name string) error {
	if len(lengths.Shape) != 1 || lengths.Len() != len(samples) {
		return fmt.Errorf("dataset: %s:lengths: %w: array of shape %v for %d samples", name, ErrFormat, lengths.Shape, len(samples))
	}
	for i, x := range samples {
		n := lengths.At(i)
		if n != math.Trunc(n) || !(n >= 1 && n <= float64(x.Steps())) {
			return fmt.Errorf("dataset: %s:lengths: %w: sample %d has %v steps, expected 1 to %d", name, ErrFormat, i, n, x.Steps())
		}
		samples[i] = spike.Slice(x, 0, int(n))
	}
	return nil
}

// targetsOf returns the targets of samples, whose array x has all steps, and the number
// of outputs that they show.
func targetsOf(y *npy.Array, samples []spike.Input, x *npy.Array, name string) ([]Targets, int, error) {
	batch, steps := len(samples), x.Len()
	for _, s := range samples[:min(1, batch)] {
		steps = x.Len() / (batch * s.Size())
	}
	shape := y.Shape
	if len(shape) == 1 || len(shape) == 2 && batch == 1 && shape[0] == steps && shape[0] != 1 { // a single sample
		shape = append([]int{1}, shape...)
	}
	if len(shape) < 2 || len(shape) > 3 || shape[0] != batch || shape[1] != steps || len(shape) == 3 && shape[2] > model.MaxVolume {
		return nil, 0, fmt.Errorf("%w: dataset: %s: array of shape %v, expected [%d %d] classes or [%[4]d %d outputs] sets", ErrFormat, name, y.Shape, batch, steps)
	}
	targets, outputs := make([]Targets, batch), 1
	if len(shape) == 3 {
		outputs = shape[2]
	}
	for i, s := range samples {
		n := s.Steps()
		if len(shape) == 3 {
			targets[i].Sets = spike.NewTrain(n, outputs)
			for t := range n {
				for j := range outputs {
					switch v := y.At((i*steps+t)*outputs + j); v {
					case 0:
					case 1:
						targets[i].Sets.At(t).Set(j)
					default:
						return nil, 0, fmt.Errorf("dataset: %s: %w: sample %d, step %d, output %d is %v, expected 0 or 1", name, ErrFormat, i, t, j, v)
					}
				}
			}
			continue
		}
		targets[i].Classes = make([]int, n)
		for t := range n {
			v := y.At(i*steps + t)
			if v != math.Trunc(v) || v > maxClassNumber {
				return nil, 0, fmt.Errorf("dataset: %s: %w: sample %d, step %d has class %v, expected a whole number up to %d", name, ErrFormat, i, t, v, maxClassNumber)
			}
			targets[i].Classes[t] = -1
			if v >= 0 && v != unlabelled {
				targets[i].Classes[t] = int(v)
				if len(shape) == 2 {
					outputs = max(outputs, int(v)+1)
				}
			}
		}
	}
	return targets, outputs, nil
}

// numbers returns the names 0, 1, … of n outputs.
func numbers(n int) []string {
	names := make([]string, n)
	for k := range names {
		names[k] = strconv.Itoa(k)
	}
	return names
}

// maxClassNumber bounds the classes of steps.
const maxClassNumber = 1<<16 - 1

// LoadSequences reads DIR/PART.npz as ReadSequences does; fs.ErrNotExist if it is not
// there.
func LoadSequences(dir, part string, in model.Input, names []string) (Source, error) {
	path := filepath.Join(dir, part+".npz")
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("dataset: %w: %s, an archive of sequences", fs.ErrNotExist, path)
		}
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	return ReadSequences(f, path, in, names)
}
