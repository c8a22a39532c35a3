package dataset

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/snurun/snurun/dataset/event"
)

// ErrImplausible is the error of [Reading.Strict].
var ErrImplausible = errors.New("implausible data")

// Reading says how files are read, beyond what they say themselves. The zero value
// takes them at their word, and is silent about what is odd.
type Reading struct {
	// SkipBad passes over what is malformed, an event or a whole recording of a
	// folder, with a Remark that counts it, instead of failing.
	SkipBad bool

	// Strict makes an ErrImplausible of every other Remark.
	Strict bool

	// Chip names the sensor of recordings that do not, Columns the columns of text
	// and arrays of events: see event.Options.
	Chip, Columns string

	// Picture says how pictures become digits.
	Picture PictureOptions

	// Remark, if set, is called with what is odd about a file, but was read, while
	// it is read.
	Remark func(Remark)
}

// The kinds of remarks.
const (
	RemarkSkipped = "skipped" // malformed events or recordings, passed over
	RemarkTime    = "time"    // times that cannot be meant, or that go back
	RemarkSensor  = "sensor"  // a sensor of another size than the network's
	RemarkPicture = "picture" // a picture that is hardly a digit on even paper
)

// A Remark is what is odd about a file.
type Remark struct {
	File  string
	Kind  string // one of the constants Remark…
	Count int64  // events, returns of time, recordings or pixels that it is about
	Text  string
}

// String returns the remark with the file's name in front.
func (r Remark) String() string { return r.File + ": " + r.Text }

// remark reports something odd about a file, or returns the error that it is.
func (o *Reading) remark(file, kind string, count int64, text string, args ...any) error {
	r := Remark{file, kind, count, fmt.Sprintf(text, args...)}
	if o.Strict && kind != RemarkSkipped {
		return fmt.Errorf("dataset: %s: %w: %s", file, ErrImplausible, r.Text)
	}
	if o.Remark != nil {
		o.Remark(r)
	}
	return nil
}

// Skips reports whether a file that cannot be read is to be passed over, as one of
// many: with SkipBad, unless it is not there or Strict refuses it.
func (o *Reading) Skips(err error) bool {
	return o.SkipBad && !errors.Is(err, ErrImplausible) && !errors.Is(err, fs.ErrNotExist)
}

// events returns the options of a recording of events.
func (o *Reading) events() event.Options {
	return event.Options{Chip: o.Chip, Columns: o.Columns, SkipBad: o.SkipBad}
}
