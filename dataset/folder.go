package dataset

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// classesFile names the classes of a folder.
const classesFile = "classes.txt"

// LoadFolder reads labelled recordings for a network's input from a folder:
//
//	DIR/classes.txt      the names of the classes, one a line, in the order of
//	                     the network's outputs
//	DIR/<class>/*.npy    recordings of that class, see ReadSpikes; an array of
//	                     rank 3 holds several
//
// The samples are in the order of the classes, within a class in that of the
// file names. They are spikes, or values if the input's encoder is analog. If
// the input has no shape, that of the source is [N] of the first recording.
func LoadFolder(dir string, in model.Input) (Source, error) {
	classes, err := readClasses(filepath.Join(dir, classesFile))
	if err != nil {
		return nil, err
	}
	f := folder{shape: in.Shape, analog: in.Encoder.Analog()}
	for label, class := range classes {
		paths, err := recordings(filepath.Join(dir, class))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if err := f.add(path, label); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case len(f.labels) == 0:
		return nil, fmt.Errorf("dataset: %s: %w: no recordings (*.npy) in the folders of its %d classes", dir, fs.ErrNotExist, len(classes))
	case f.analog:
		return FromValues(f.values, f.shape, f.labels, classes)
	default:
		return FromTrains(f.trains, f.shape, f.labels, classes)
	}
}

// folder collects recordings, spikes or values.
type folder struct {
	shape  []int
	analog bool
	trains []spike.Train
	values []spike.Values
	labels []int
}

// add reads the recordings of one file, which all have the same label and, as
// parts of one array, the same size.
func (f *folder) add(path string, label int) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	before := len(f.labels)
	size := 0
	if f.analog {
		values, err := ReadValues(file, path)
		if err != nil {
			return err
		}
		for _, v := range values {
			size = v.Size()
			f.labels = append(f.labels, label)
		}
		f.values = append(f.values, values...)
	} else {
		trains, err := ReadSpikes(file, path)
		if err != nil {
			return err
		}
		for _, t := range trains {
			size = t.Size()
			f.labels = append(f.labels, label)
		}
		f.trains = append(f.trains, trains...)
	}
	if len(f.labels) == before {
		return nil
	}
	if f.shape == nil {
		f.shape = []int{size}
	}
	if want, err := channels(f.shape); err != nil {
		return err
	} else if size != want {
		return fmt.Errorf("dataset: %s: %w: %d channels, expected shape %v", path, ErrMismatch, size, f.shape)
	}
	return nil
}

// maxClasses bounds the bytes of a list of classes.
const maxClasses = 1 << 20

// readClasses reads a list of names that can be those of folders.
func readClasses(path string) ([]string, error) {
	var text []byte
	err := readFile(path, func(r io.Reader, _ int64) (err error) {
		text, err = io.ReadAll(io.LimitReader(r, maxClasses+1))
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(text) > maxClasses {
		return nil, fmt.Errorf("dataset: %s: %w: more than %d bytes", path, ErrFormat, maxClasses)
	}
	var classes []string
	line := make(map[string]int)
	for name := range strings.Lines(string(text)) {
		name = strings.TrimSpace(name)
		n := len(classes) + 1
		if !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, `/\`) {
			return nil, fmt.Errorf("dataset: %s:%d: %w: class %q, expected the name of a folder", path, n, ErrFormat, name)
		}
		if line[name] > 0 {
			return nil, fmt.Errorf("dataset: %s:%d: %w: class %q stands in line %d already", path, n, ErrFormat, name, line[name])
		}
		line[name] = n
		classes = append(classes, name)
	}
	if classes == nil {
		return nil, fmt.Errorf("dataset: %s: %w: no classes, expected one name a line", path, ErrFormat)
	}
	return classes, nil
}

// recordings returns the paths of the arrays in a folder, by name.
func recordings(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".npy" && !e.IsDir() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}
