package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/spike"
)

// ReadSpikes reads spike trains from a NumPy array (.npy) of shape [T, N], one
// train of T steps and N neurons, or [B, T, N], B of them; [C, H, W] may stand
// for N = C·H·W. Its elements may be booleans, integers or floats, but only 0 or
// 1: any other is an ErrCoding, and ReadValues may be meant. Name is that of the
// stream in errors; those of malformed data are ErrFormat.
func ReadSpikes(r io.Reader, name string) ([]spike.Train, error) {
	a, err := readArray(r, name)
	if err != nil {
		return nil, err
	}
	return spikesOf(a, name)
}

// spikesOf returns the spike trains of an array.
func spikesOf(a *npy.Array, name string) ([]spike.Train, error) {
	batch, steps, size, err := dimensions(a, name)
	if err != nil {
		return nil, err
	}
	trains := make([]spike.Train, batch)
	i := 0
	for b := range trains {
		trains[b] = spike.NewTrain(steps, size)
		for t := range steps {
			row := trains[b].At(t)
			for n := range size {
				switch x := a.At(i); x {
				case 0:
				case 1:
					row.Set(n)
				default:
					return nil, fmt.Errorf("dataset: %s: %w: sample %d, step %d, neuron %d is %v, expected a spike, 0 or 1: these may be analog values, which only a network whose input has counts takes", name, ErrCoding, b, t, n, x)
				}
				i++
			}
		}
	}
	return trains, nil
}

// ReadValues reads analog recordings from a NumPy array of the same shapes and
// types as ReadSpikes. Values that are not finite in float32 are an ErrFormat.
func ReadValues(r io.Reader, name string) ([]spike.Values, error) {
	a, err := readArray(r, name)
	if err != nil {
		return nil, err
	}
	return valuesOf(a, name)
}

// valuesOf returns the analog recordings of an array.
func valuesOf(a *npy.Array, name string) ([]spike.Values, error) {
	batch, steps, size, err := dimensions(a, name)
	if err != nil {
		return nil, err
	}
	values := make([]spike.Values, batch)
	i := 0
	for b := range values {
		data := make([]float32, steps*size)
		for k := range data {
			data[k] = float32(a.At(i))
			i++
		}
		if values[b], err = spike.FromData(steps, size, data); err != nil {
			return nil, fmt.Errorf("dataset: %s: %w: sample %d: %w", name, ErrFormat, b, err)
		}
	}
	return values, nil
}

// readArray reads an array of numbers.
func readArray(r io.Reader, name string) (*npy.Array, error) {
	a, err := npy.Read(r)
	return a, arrayError(name, err)
}

// arrayError names the stream of a NumPy array that cannot be read.
func arrayError(name string, err error) error {
	switch {
	case errors.Is(err, npy.ErrFormat):
		return fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	case err != nil:
		return fmt.Errorf("dataset: %s: %w", name, err)
	}
	return nil
}

// dimensions returns those of an array of rank 2 to 5.
func dimensions(a *npy.Array, name string) (batch, steps, size int, err error) {
	shape := a.Shape
	if k := len(shape); k == 4 || k == 5 { // planes: their elements exist, so that the product fits
		shape = append(shape[:k-3:k-3], shape[k-3]*shape[k-2]*shape[k-1])
	}
	if len(shape) == 2 {
		shape = []int{1, shape[0], shape[1]}
	}
	if len(shape) != 3 || shape[1] == 0 || shape[2] == 0 {
		return 0, 0, 0, fmt.Errorf("dataset: %s: %w: array of shape %v, expected [steps, neurons] or [samples, steps, neurons], or [channels, height, width] for neurons, with at least one step and neuron", name, ErrFormat, a.Shape)
	}
	return shape[0], shape[1], shape[2], nil
}

// timeFirst makes one recording of many that have a single step, if a presentation has
// more: [T, 1, N] is time first with a batch of one.
func timeFirst(source Source, steps int) Source {
	all, ok := source.(*inputs)
	if !ok || len(all.samples) < 2 || steps < 2 {
		return source
	}
	for _, x := range all.samples {
		if x.Steps() != 1 {
			return source
		}
	}
	one := *all
	one.labels = all.labels[:1]
	switch all.samples[0].(type) {
	case spike.Train:
		joined := spike.NewTrain(len(all.samples), all.size)
		for t, x := range all.samples {
			copy(joined.At(t), x.(spike.Train).At(0))
		}
		one.samples = []spike.Input{joined}
	case spike.Values:
		joined := spike.NewValues(len(all.samples), all.size)
		for t, x := range all.samples {
			copy(joined.At(t), x.(spike.Values).At(0))
		}
		one.samples = []spike.Input{joined}
	}
	return &one
}
