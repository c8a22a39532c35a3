package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
//   - a NumPy archive .npz with one such array, or with columns t, x, y, p; path may
//     be FILE.npz:NAME, for one of several arrays
//   - events in HDF5, as of DSEC, E2VID and Metavision, or samples of times and units,
//     as of SHD; path may be FILE.h5:NAME, for one of several
//   - a recording of an event camera in a format of package event, binned from
//     its first event on, for a network whose input coding is events
//   - sound, a WAV file or, by its ending .s16, raw PCM of 16 bits at the network's
//     rate, for a network whose input coding is sound
//   - for a network of signals, an array .npy of their values, or lines of numbers, as
//     of CSV (ReadRows)
//   - for a network that decides at every step, an archive .npz with x and y
//     (ReadSequences), and if it is on sets of the 88 keys of a piano, music as JSON
//     (ReadChorales)
//
// Beside a recording NAME.aedat a table NAME_labels.csv may list its parts, as of
// DVS-Gesture: then these are the samples, see LoadFolder.
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
	f, member, err := openMember(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, headSize)
	if kind, _ := kindOf(r, f.Name()); kind == "idx" && !isMusic(m, f.Name()) {
		set, err := LoadIDX(path)
		if err != nil {
			return nil, err
		}
		return named(FromImageSet(set, m.Input))(path)
	}
	dir := filepath.Dir(f.Name())
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
	if table := partsOf(f.Name()); table != "" && member == "" {
		return o.parts(f.Name(), table)
	}
	c, err := list.class(filepath.Base(f.Name()), m.Classes)
	if err != nil {
		return nil, err
	}
	return o.job(path, member, c).read(r, f.Name())
}

// parts opens the parts of a recording that a table beside it lists.
func (o *Opener) parts(path, table string) (Source, error) {
	entries, err := readParts(path, table)
	if err != nil {
		return nil, err
	}
	m := o.Network
	return loadEntries(context.Background(), filepath.Dir(path), entries, m.Input, FolderOptions{Classes: m.Classes, Steps: m.Steps, Reading: o.Reading})
}

// Read is Open for a stream, whose name is for errors; the labels of its samples
// are not known. A recording of events must be in a format that has a signature.
func Read(stream io.Reader, name string, m *model.Network) (Source, error) {
	o := Opener{Network: m}
	return o.Read(stream, name)
}

// Read is the function Read with the Opener's network.
func (o *Opener) Read(stream io.Reader, name string) (Source, error) {
	return o.job(name, "", unknown).read(bufio.NewReaderSize(stream, headSize), name)
}

// A job is something to be read.
type job struct {
	name    string      // for errors
	member  string      // of the file, "" for the only one
	part    *part       // of the recording, nil for all of it
	in      model.Input // of the network, whose shape may not be known
	steps   int         // of a presentation; see timeFirst
	class   class       // of all samples
	classes []string    // of the network, none if they are not known
	reading *Reading
	network *model.Network // nil if it is not known
}

func (o *Opener) job(name, member string, c class) *job {
	return &job{name, member, nil, o.Network.Input, o.Network.Steps, c, o.Network.Classes, &o.Reading, o.Network}
}

// openMember opens a file. A part of one that has several is named behind a colon:
// FILE.npz:NAME, FILE.h5:GROUP.
func openMember(path string) (f *os.File, member string, err error) {
	f, err = os.Open(path)
	if at := strings.LastIndexByte(path, ':'); errors.Is(err, fs.ErrNotExist) && at > 0 && hasMembers(path[:at]) {
		path, member = path[:at], path[at+1:]
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, "", fmt.Errorf("dataset: %w", err)
	}
	return f, member, nil
}

// hasMembers reports whether the name of a file is that of one with several parts.
func hasMembers(path string) bool {
	return slices.Contains([]string{".npz", ".h5", ".hdf5"}, strings.ToLower(filepath.Ext(path)))
}

// read reads a stream, which the name of a file may tell.
func (j *job) read(r *bufio.Reader, file string) (Source, error) {
	name, in := j.name, j.in
	if isMusic(j.network, file) {
		music, err := ReadChorales(r, name)
		if err != nil {
			return nil, err
		}
		return music.All()
	}
	switch kind, format := j.kind(r, file); kind {
	case "idx":
		images, err := ReadIDXImages(r, name)
		if err != nil {
			return nil, err
		}
		return named(FromImageSet(ImageSet{Images: images}, in))(name)
	case "picture":
		plane, err := in.Plane(0, 0)
		if err != nil || plane.Channels != 1 {
			return nil, fmt.Errorf("dataset: %s: %w: a picture for a network with input of shape %v, expected one grey image", name, ErrMismatch, in.Shape)
		}
		pixels, size, err := readPicture(r, name, plane.Height, plane.Width, j.reading.Picture)
		if err == nil {
			err = j.reading.remarkPicture(name, pixels, plane.Height, plane.Width, size)
		}
		if err != nil {
			return nil, err
		}
		set := ImageSet{Images{1, plane.Height, plane.Width, pixels}, j.class.labels(1), j.class.names}
		return named(FromImageSet(set, in))(name)
	case "":
		if j.in.Encoder.Coding.Signals() {
			return nil, unknownKind(r, name, notSignal)
		}
		return nil, unknownKind(r, name, "neither IDX images, nor PNG or JPEG, nor a NumPy array (.npy), nor sound (.wav), nor a recording of events; one of nmnist is known by its name, .bin or .bs2, alone")
	default:
		return j.recordings(r, file, kind, format)
	}
}

// recordings reads an array of recordings, one of events, or sound.
func (j *job) recordings(r io.Reader, file, kind, format string) (s Source, err error) {
	if j.in.Encoder.Coding.Signals() {
		return j.signals(r, file, kind, format)
	}
	switch kind {
	case "sound":
		return j.sound(r, file)
	case "events":
		return j.events(func() (event.Source, error) { return event.NewReader(format, r, j.reading.events()) })
	case "hdf5":
		return j.hdf5(r)
	case "npz":
		s, err = j.npz(r)
	default:
		s, err = j.npy(r)
	}
	return timeFirst(s, j.steps), err
}

// fromArray returns the samples of an array as a source.
func fromArray[T spike.Input](samples []T, err error, j *job) (Source, error) {
	if err != nil {
		return nil, err
	}
	shape := j.in.Shape
	if shape == nil {
		shape = []int{0}
		for _, x := range samples {
			shape[0] = x.Size()
		}
	}
	return named(FromInputs(samples, shape, j.class.labels(len(samples)), j.class.names))(j.name)
}

// headSize is how much of a stream is looked at to tell what it is.
const headSize = 4096

// kindOf tells what a stream holds: "idx", "picture", "npy", "npz", "hdf5", "sound", or "events"
// and in which format, or "" if neither its first bytes nor its name say.
func kindOf(r *bufio.Reader, name string) (kind, format string) {
	head, _ := r.Peek(headSize) // a short or failing stream is reported by who reads on
	for _, k := range []struct{ kind, magic string }{
		{"picture", "\x89PNG\r\n\x1a\n"}, {"picture", "\xff\xd8\xff"}, {"npy", "\x93NUMPY"}, {"npz", "PK\x03\x04"}, {"hdf5", "\x89HDF\r\n\x1a\n"}, {"idx", "\x1f\x8b\x08"}, {"idx", "\x00\x00\x08"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			if k.kind == "npz" && whatIs(head, name) != "" {
				return "", "" // a PyTorch file is a zip archive, too
			}
			return k.kind, ""
		}
	}
	if isSound(head, name) {
		return "sound", ""
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
