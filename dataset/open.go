package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Open reads the samples of a file for the network m. What the file is follows
// from its content or, if that does not tell, from the extension of its name:
//
//   - IDX images, gzipped or not, with the labels found beside them (LabelsBeside)
//   - a PNG or JPEG picture, as one digit (ReadPicture)
//   - a NumPy array .npy of recordings (ReadSpikes, or ReadValues if the
//     network's input is analog); of shape [T, 1, N] it is one of T steps, as
//     PyTorch has it, unless the network's presentation is a single step; or of
//     events, records t, x, y, p or [N, 4]
//   - a NumPy archive .npz with one such array, or with columns t, x, y, p
//   - a recording of an event camera in a format of package event, binned from
//     its first event on, for a network whose input coding is events
//
// The class of anything but IDX images is that in a list labels.txt in the same
// folder, if there is one that has the file; see LoadFolder. Labels that are not
// known are −1.
func Open(path string, m *model.Network) (Source, error) {
	o := Opener{Network: m}
	return o.Open(path)
}

// Opener opens one file after the other for a network, and reads the list of each
// folder once: that of the first file of it. Not for several goroutines at once.
type Opener struct {
	Network *model.Network
	Reading

	lists map[string]*labelList // by folder, nil where there is none
}

// Open is the function Open with the Opener's network.
func (o *Opener) Open(path string) (Source, error) {
	m := o.Network
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, headSize)
	if kind, _ := kindOf(r, path); kind == "idx" {
		set, err := LoadIDX(path)
		if err != nil {
			return nil, err
		}
		return named(FromImageSet(set, m.Input))(path)
	}
	dir := filepath.Dir(path)
	list, known := o.lists[dir]
	if !known {
		if list, err = readLabels(dir); err != nil {
			return nil, err
		}
		if o.lists == nil {
			o.lists = make(map[string]*labelList)
		}
		o.lists[dir] = list
	}
	c, err := list.class(filepath.Base(path), m.Classes)
	if err != nil {
		return nil, err
	}
	return read(r, path, m, c, &o.Reading)
}

// Read is Open for a stream, whose name is for errors; the labels of its samples
// are not known. A recording of events must be in a format that has a signature.
func Read(stream io.Reader, name string, m *model.Network) (Source, error) {
	o := Opener{Network: m}
	return o.Read(stream, name)
}

// Read is the function Read with the Opener's network.
func (o *Opener) Read(stream io.Reader, name string) (Source, error) {
	return read(bufio.NewReaderSize(stream, headSize), name, o.Network, unknown, &o.Reading)
}

func read(r *bufio.Reader, name string, m *model.Network, c class, o *Reading) (Source, error) {
	switch kind, format := kindOf(r, name); kind {
	case "idx":
		images, err := ReadIDXImages(r, name)
		if err != nil {
			return nil, err
		}
		return named(FromImageSet(ImageSet{Images: images}, m.Input))(name)
	case "picture":
		plane, err := m.Input.Plane(0, 0)
		if err != nil || plane.Channels != 1 {
			return nil, fmt.Errorf("dataset: %s: %w: a picture for a network with input of shape %v, expected one grey image", name, ErrMismatch, m.Input.Shape)
		}
		pixels, err := ReadPicture(r, name, plane.Height, plane.Width, o.Picture)
		if err == nil {
			err = o.remarkPicture(name, pixels)
		}
		if err != nil {
			return nil, err
		}
		set := ImageSet{Images{1, plane.Height, plane.Width, pixels}, c.labels(1), c.names}
		return named(FromImageSet(set, m.Input))(name)
	case "":
		return nil, unknownKind(r, name, "neither IDX images, nor PNG or JPEG, nor a NumPy array (.npy), nor a recording of events; one of nmnist is known by its name, .bin or .bs2, alone")
	default:
		source, err := readRecordings(r, kind, format, name, m.Input, c, o)
		return timeFirst(source, m.Steps), err
	}
}

// readRecordings reads an array of recordings or one of events.
func readRecordings(r io.Reader, kind, format, name string, in model.Input, c class, o *Reading) (Source, error) {
	if kind == "events" {
		return readEvents(r, format, name, in, c, o)
	}
	if kind == "npz" {
		return readNPZ(r, name, in, c, o)
	}
	return readNPY(r, name, in, c, o)
}

// fromArray returns the samples of a NumPy array for a network's input, whose
// shape may not be known, as a source.
func fromArray[T spike.Input](samples []T, err error, name string, in model.Input, c class) (Source, error) {
	if err != nil {
		return nil, err
	}
	shape := in.Shape
	if shape == nil {
		shape = []int{0}
		for _, x := range samples {
			shape[0] = x.Size()
		}
	}
	return named(FromInputs(samples, shape, c.labels(len(samples)), c.names))(name)
}

// headSize is how much of a stream is looked at to tell what it is.
const headSize = 4096

// kindOf tells what a stream holds: "idx", "picture", "npy", or "events" and in
// which format, or "" if neither its first bytes nor its name say.
func kindOf(r *bufio.Reader, name string) (kind, format string) {
	head, _ := r.Peek(headSize) // a short or failing stream is reported by who reads on
	for _, k := range []struct{ kind, magic string }{
		{"picture", "\x89PNG\r\n\x1a\n"}, {"picture", "\xff\xd8\xff"}, {"npy", "\x93NUMPY"}, {"npz", "PK\x03\x04"}, {"idx", "\x1f\x8b\x08"}, {"idx", "\x00\x00\x08"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			if k.kind == "npz" && whatIs(head, name) != "" {
				return "", "" // a PyTorch file is a zip archive, too
			}
			return k.kind, ""
		}
	}
	format, err := event.Detect(name, head)
	if err != nil {
		return "", ""
	}
	return "events", format
}

// unknownKind is the error of a stream of which kindOf does not tell what it is.
func unknownKind(r *bufio.Reader, name, what string) error {
	switch head, err := r.Peek(headSize); {
	case err != nil && err != io.EOF:
		return fmt.Errorf("dataset: %s: %w", name, err)
	case len(head) == 0:
		what = "it is empty"
	default:
		if known := whatIs(head, name); known != "" {
			what = "it is " + known
		}
	}
	return fmt.Errorf("dataset: %s: %w: %s", name, ErrFormat, what)
}

// named adds a file's name to the error of a source.
func named(s Source, err error) func(name string) (Source, error) {
	return func(name string) (Source, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return s, nil
	}
}
