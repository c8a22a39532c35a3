// Package event reads, writes, transforms and bins the recordings of event
// cameras.
//
// A recording is a stream of [Event] values: a pixel, whether it became
// brighter or darker, and when. Every format is read into the same form:
// (0, 0) is the upper left pixel as seen by the viewer, x grows to the right,
// y grows downwards, polarity 1 is ON (brighter), and time is in microseconds
// from the recording's own origin, with the format's counter wraps undone.
//
// Readers work on any [io.Reader], file or pipe, in constant memory. Events
// come in the order of the file, which need not be that of time; no reader
// sorts.
//
//	f, err := event.Open("60001.bs2", event.Options{})
//	...
//	b, err := event.NewBinner(f, event.BinOptions{Size: event.Size{Width: 34, Height: 34}, Step: 1000})
//	...
//	var s event.Step
//	for b.Next(&s) == nil {
//		use(s.Active, s.Count)
//	}
//
// The formats and the specifications they follow:
//
//	nmnist  .bin .bs2         N-MNIST and N-Caltech101 (Orchard et al. 2015), SLAYER 2-D spikes
//	aedat2  .aedat .aedat2    AEDAT 2.0 of jAER and v2e: DVS128, DVS640, DAVIS128 to DAVIS640
//	aedat3  .aedat .aedat3    AEDAT 3.1 of cAER, polarity packets
//	aedat4  .aedat4           AEDAT 4.0 of DV and dv-processing, LZ4, zstd or neither
//	evt2    .raw              Prophesee EVT 2.0
//	evt21   .raw              Prophesee EVT 2.1, little-endian and legacy
//	evt3    .raw              Prophesee EVT 3.0
//	dat     .dat              Prophesee DAT, versions 0 to 2
//	es      .es               Event Stream 2.x, DVS and ATIS events
//	text    .csv .txt         lines of t,x,y,p, or columns in other orders; RPG, E2VID, v2e, Metavision
//
//	t64_x16_y16_on8, t32_x16_y15_on1, spif    what AEStream and faery send over the network
//
// [Register] adds another.
package event

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// An Event is one brightness change of one pixel.
type Event struct {
	T    int64  // time in µs, not negative
	X, Y uint16 // column from the left, row from the top
	P    uint8  // polarity: 1 ON (brighter), 0 OFF (darker)
}

// A Size is the extent of a sensor in pixels. The zero Size means unknown.
type Size struct {
	Width, Height int
}

// maxSide is the largest side a Size may have: coordinates are 16 bit.
const maxSide = 1 << 16

// Known reports whether the size is known.
func (s Size) Known() bool { return s != Size{} }

// String returns the size as "34x34", or "unknown".
func (s Size) String() string {
	if !s.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%dx%d", s.Width, s.Height)
}

func (s Size) check() error {
	if s.Known() && (s.Width < 1 || s.Height < 1 || s.Width > maxSide || s.Height > maxSide) {
		return fmt.Errorf("event: size %dx%d, expected both sides from 1 to %d, or both 0 for unknown", s.Width, s.Height, maxSide)
	}
	return nil
}

var (
	// ErrMalformed is wrapped by every error that reports bytes which break
	// their format, a file that ends inside a record included.
	ErrMalformed = errors.New("malformed recording")

	// ErrUnknownFormat is wrapped by the errors of [Open], [NewReader],
	// [NewWriter] and [Detect] for a format that is not registered or cannot
	// be told.
	ErrUnknownFormat = errors.New("unknown recording format")
)

// A Reader delivers events.
//
// Read fills dst with up to len(dst) events and returns their number. It waits
// for the first event but not for a full dst, so that a live stream is seen
// without delay. It returns n > 0 with a nil error, or 0 with an error, which
// is [io.EOF] where the recording ends. An error stays: later calls return it
// again.
type Reader interface {
	Read(dst []Event) (n int, err error)
}

// A Source is a Reader that knows its sensor.
type Source interface {
	Reader

	// Size returns the extent of the coordinates, unknown if neither the
	// recording nor the caller told it. All events lie inside a known size.
	Size() Size

	// Skipped returns how many malformed records were passed over so far;
	// it stays 0 without [Options.SkipBad].
	Skipped() int64
}

// A Writer stores events.
type Writer interface {
	// Write appends events. It refuses an event outside the size given to
	// [NewWriter] or beyond what the format can hold, and, in every format
	// but text, one earlier than its predecessor.
	Write(events []Event) error

	// Close writes what is buffered and ends the recording. It does not close
	// the underlying io.Writer.
	Close() error
}

// Options tell a reader what a recording does not.
type Options struct {
	// Size is the sensor's size, used where the recording does not state it.
	// An event outside the size in force is a malformed record.
	Size Size

	// Chip names the sensor of an AEDAT 2.0 recording, such as "DAVIS240C",
	// in place of the recording's AEChip line. Without either, the first 1024
	// addresses tell the sensor, or an error says that they do not: a live
	// stream is read that far first.
	Chip string

	// Columns names the columns of text and of arrays, such as "x,y,p,t" or
	// "t_s,x,y,p": each of t, x, y and p once, "-" for one to pass over; t_s, t_ms,
	// t_us and t_ns say what time is counted in. They stand in this order or, in a
	// recording that names its columns, where those of the same name or meaning are.
	// Empty, they are those that the recording names, else t,x,y,p.
	Columns string

	// SkipBad passes over malformed records and counts them instead of
	// failing. Headers, and whatever hides where the next record begins,
	// still fail.
	SkipBad bool
}

// A Format describes one file format.
type Format struct {
	// Name is what NewReader and NewWriter know the format by.
	Name string

	// Extensions are the file name endings of the format, in lower case, with
	// the dot.
	Extensions []string

	// Match reports whether head, the first bytes of a recording, carries the
	// format's signature. It is nil for a format that has none.
	Match func(head []byte) bool

	// NewReader returns a reader of r. It may read the header at once.
	NewReader func(r io.Reader, o Options) (Source, error)

	// NewWriter returns a writer to w, or is nil if there is none.
	NewWriter func(w io.Writer, size Size) (Writer, error)
}

var registry = struct {
	sync.RWMutex
	formats []Format
}{formats: []Format{
	{"nmnist", []string{".bin", ".bs2"}, nil, readerOf("", newNMNIST), newNMNISTWriter},
	{"aedat2", []string{".aedat", ".aedat2"}, matchAEDAT("2.0"), readerOf(aedat2Magic, newAEDAT2), nil},
	{"aedat3", []string{".aedat", ".aedat3"}, matchAEDAT("3.1"), readerOf("#!AER-DAT3.1", newAEDAT3), newAEDAT3Writer},
	{"aedat4", []string{".aedat4"}, matchAEDAT4, newAEDAT4, nil},
	{"evt2", []string{".raw"}, matchEVT("2.0"), readerOf("% ", newEVT2), newEVT2Writer},
	{"evt21", []string{".raw"}, matchEVT("2.1"), readerOf("% ", newEVT21), nil},
	{"evt3", []string{".raw"}, matchEVT("3.0"), readerOf("% ", newEVT3), newEVT3Writer},
	{"dat", []string{".dat"}, matchDAT, readerOf("% ", newDAT), nil},
	{"es", []string{".es"}, matchES, readerOf(esMagic, newES), newESWriter},
	{"text", []string{".csv", ".txt"}, matchText, readerOf("", newText), newTextWriter},
	{"t64_x16_y16_on8", nil, nil, readerOf("", newPackets64), nil},
	{"t32_x16_y15_on1", nil, nil, readerOf("", newPackets32), nil},
	{"spif", nil, nil, readerOf("", newSPIF), nil},
}}

// Register adds a format. It fails if the name is taken or empty or if there is
// no NewReader.
func Register(f Format) error {
	if f.Name == "" || f.NewReader == nil {
		return fmt.Errorf("event: register format %q, expected a name and a NewReader", f.Name)
	}
	registry.Lock()
	defer registry.Unlock()
	for _, have := range registry.formats {
		if have.Name == f.Name {
			return fmt.Errorf("event: register format %q: the name is taken", f.Name)
		}
	}
	f.Extensions = slices.Clone(f.Extensions)
	registry.formats = append(registry.formats, f)
	return nil
}

// Formats returns the names of the registered formats, in the order of their
// registration.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	return names
}

// Extensions returns the file name endings of the registered formats, in lower
// case, with the dot, each once.
func Extensions() []string {
	var all []string
	for _, f := range formats() {
		for _, ext := range f.Extensions {
			if !slices.Contains(all, ext) {
				all = append(all, ext)
			}
		}
	}
	return all
}

// formats returns the registered formats; the slice is only ever appended to.
func formats() []Format {
	registry.RLock()
	defer registry.RUnlock()
	return registry.formats
}

func lookup(name string) (Format, error) {
	for _, f := range formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("event: format %q, expected one of %s: %w", name, strings.Join(Formats(), ", "), ErrUnknownFormat)
}
