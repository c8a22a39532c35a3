package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// The forms of input besides the formats of package event.
const (
	Spikes = "spikes" // a line a step: the numbers of the active channels
	JSONL  = "jsonl"  // a JSON object a line: an event or a step
	S16LE  = "s16le"  // sound: samples of 16 bits, little-endian, of one channel
	CSV    = "csv"    // a line a step: its values
)

// DefaultGap is the gap that InputOptions.Gap 0 stands for.
const DefaultGap = 10 * time.Second

// Formats returns the names of all forms of input.
func Formats() []string { return append([]string{Spikes, JSONL, CSV, S16LE}, event.Formats()...) }

// DefaultFormat returns the form that an Input expects if none is named: JSON
// Lines for a network whose input is analog values, CSV for one of series, samples for
// one of sound, lines of events for one of events with pixels, else lines of spikes.
func DefaultFormat(in model.Input) string {
	switch {
	case in.Encoder.Coding == model.Events && len(in.Shape) > 1:
		return "text"
	case in.Encoder.Analog():
		return JSONL
	case in.Encoder.Coding == model.Sounds:
		return S16LE
	case in.Encoder.Coding.Signals():
		return CSV
	}
	return Spikes
}

// InputOptions tell an Input what the model does not.
type InputOptions struct {
	// Format is one of Formats; empty stands for DefaultFormat.
	Format string

	// Size is the extent of the events that the network sees. The unknown size
	// stands for what model.Input.Plane says, which also says which channel an
	// event has.
	Size event.Size

	// Step is the length of a time step; 0 stands for bin_us of the encoder, and
	// without one for dt_ms of the model.
	Step time.Duration

	// SampleHz is how many samples a second there are of S16LE; 0 stands for as many
	// as the encoder takes. Others are brought to that rate.
	SampleHz int

	// Late says what becomes of events, and of numbered steps, that are earlier
	// than the step being filled. Within a step any order will do.
	Late event.LatePolicy

	// Gap is the longest silence that is stepped through; 0 stands for
	// DefaultGap. What comes after a longer one, or is earlier than the step
	// being filled by more, begins a new stream: see Frame.Restart. So does a
	// clock that goes back by less: 16 events in a row that are late by more than
	// 100 ms (or Jitter, if that is more), or with DropLate 256 that are late at
	// all. A single event more than a second ahead, behind which time goes back, is
	// left out.
	Gap time.Duration

	// Silence, if above 0, is how long nothing may arrive before a notice says so,
	// and another when something does.
	Silence time.Duration

	// Notify, if set, is called by Next with what is wrong with the input, the first
	// time of each kind at once, then at most once a second.
	Notify func(Notice)

	// Chip and Columns tell a recording's sensor and columns, see event.Options; of CSV,
	// Columns are the channels, see dataset.NewRows.
	Chip, Columns string

	// SkipBad passes over malformed lines and records, and counts them, instead
	// of failing. A malformed line of spikes is a silent step. Run passes over
	// windows that runtime.ErrRange gives up, too.
	SkipBad bool

	// Jitter, if above 0, says that events come as they happen, some up to
	// Jitter longer on their way than others. Then a step that no event of a
	// later one has ended is ended by the clock, Jitter after its time, so that
	// a sensor that falls silent holds nothing up.
	Jitter time.Duration
}

// Frame is the input of one time step.
type Frame struct {
	// Input is what the network takes in, of one step. It is the stream's own and
	// changes with the next frame.
	Input spike.Input

	Events  int       // events in the step, or channels that its line names or gives a value other than 0
	EndUS   int64     // end of the step, by the clock of the events, or counted from step 0
	Arrived time.Time // when the step was known to be over
	ByClock bool      // whether the clock ended it

	// Restart says that time has jumped, by more than InputOptions.Gap: what was
	// before belongs to another stream.
	Restart bool

	// idle says that its line had to be waited for.
	idle bool
}

// Input cuts a byte stream, or the events of a Feed, into time steps. One
// goroutine at a time may use it. NewInput or NewFeed makes one.
type Input struct {
	o      InputOptions
	form   *form
	stop   context.CancelFunc // of the reading goroutine
	closed <-chan struct{}    // once it is stopped
	queue  queue
	chunk  *chunk // the one in use, nil if all of it is used
	err    error  // that ended the input

	time    timeline
	isSteps bool      // positions are numbers of steps, not µs
	lastT   int64     // time of the event placed last
	lastAt  time.Time // when it arrived
	timer   *time.Timer
	waited  bool // whether the chunk in use had to be waited for

	arrived time.Time   // when the last chunk did
	silence *time.Timer // nil without InputOptions.Silence
	silent  bool        // whether that was told

	room    []event.Event // of the events of a chunk that are plausible
	timed   bool          // whether there was an event
	before  int64         // time of the last one that was plausible
	held    event.Event   // one far ahead, until the next tells
	isHeld  bool
	lateRun int // events in a row late by more than time.back
	lateAny int // events in a row that are late

	now        func() time.Time     // the clock of notices
	told       map[string]time.Time // when a notice of a kind was given
	sized      bool                 // whether the sensor's size was compared
	glitches   int64
	restarts   int64
	reframed   int64
	late       int64
	skipped    int64 // events that the network does not see
	readerSkip int64 // malformed records and lines

	step    spike.Input    // the step being filled
	spikes  spike.Vector   // of step, or nil
	values  []float32      // of step, or nil
	signal  dataset.Signal // that makes spikes of values, or nil
	events  int
	dirty   bool // whether it has content
	shown   bool // whether it was returned
	restart bool // whether it is the first behind a jump in time
}

// minBack is how far a clock goes back at least before 16 events tell.
const minBack = 100 * time.Millisecond

// MaxJitter bounds InputOptions.Jitter.
const MaxJitter = 24 * time.Hour

// ErrClosed is the error of an Input, Feed or Windows that is used after Close, or
// that no function of this package made.
var ErrClosed = errors.New("stream: closed, or not made by this package")

// NewInput reads the input of m from r, on a goroutine of its own: call Close.
func NewInput(r io.Reader, m *model.Network, o InputOptions) (*Input, error) {
	if o.Format == "" {
		if o.Format = DefaultFormat(m.Input); o.Size.Known() && m.Input.Encoder.Coding == model.Events {
			o.Format = "text"
		}
	}
	if !slices.Contains(Formats(), o.Format) {
		return nil, fmt.Errorf("stream: format %q is unknown, expected one of %s", o.Format, strings.Join(Formats(), ", "))
	}
	in, ctx, err := prepare(m, o)
	if err != nil {
		return nil, err
	}
	go in.queue.run(ctx, func() (chunkReader, error) { return in.form.open(r, o) })
	return in, nil
}

// prepare returns an Input whose queue nobody fills yet, and a context that ends
// when it is closed.
func prepare(m *model.Network, o InputOptions) (*Input, context.Context, error) {
	if o.Gap == 0 {
		o.Gap = DefaultGap
	}
	if o.Silence < 0 {
		return nil, nil, fmt.Errorf("stream: silence of %v, expected 0 or more", o.Silence)
	}
	if o.Late > event.FoldLate || o.Gap < 0 || o.Jitter < 0 || o.Jitter > MaxJitter {
		return nil, nil, fmt.Errorf("stream: late policy %d, gap %v, jitter %v: expected DropLate or FoldLate and times of 0 or more, jitter at most %v", o.Late, o.Gap, o.Jitter, MaxJitter)
	}
	f, err := newForm(m, o)
	if err != nil {
		return nil, nil, err
	}
	in := &Input{o: o, form: f, step: m.Input.New(1), queue: newQueue(), room: make([]event.Event, 0, chunkEvents+1), now: time.Now}
	switch x := in.step.(type) {
	case spike.Train:
		in.spikes = x.At(0)
	case spike.Values:
		in.values = x.At(0)
	}
	if m.Input.Encoder.Coding.Signals() {
		if in.signal, err = dataset.NewSignal(m.Input); err != nil {
			return nil, nil, err
		}
	}
	if o.Jitter > 0 {
		in.timer = time.NewTimer(0)
		in.timer.Stop()
	}
	if o.Silence > 0 {
		in.silence, in.arrived = time.NewTimer(0), time.Now()
		in.silence.Stop()
	}
	ctx, stop := context.WithCancel(context.Background())
	in.stop, in.closed = stop, ctx.Done()
	return in, ctx, nil
}

// Close stops reading. A read of the underlying reader that waits is not
// interrupted, but nothing comes of it: Next returns ErrClosed.
func (in *Input) Close() {
	if in.stop != nil {
		in.stop()
	}
}

// Format returns the form that is read.
func (in *Input) Format() string { return in.o.Format }

// StepLength returns the length of a time step.
func (in *Input) StepLength() model.Millis {
	if in.form == nil {
		return 0
	}
	return in.form.step
}

// Glitches returns how many events were left out for a time that cannot be meant.
func (in *Input) Glitches() int64 { return in.glitches }

// Reframed returns how often the input was cut inside a record, or began anew with
// another header, and was read on from the next whole record.
func (in *Input) Reframed() int64 { return in.reframed }

// Late returns how many events, or numbered steps, were late so far.
func (in *Input) Late() int64 { return in.late }

// Skipped returns how many malformed lines, records and events were passed over
// so far.
func (in *Input) Skipped() int64 { return in.skipped + in.readerSkip }

// Next returns the next time step. It waits for what ends the step: an event of
// a later one, the line of the step, or, with a Jitter, the clock. At the end of
// the input the step being filled is returned if there is anything in it, then
// the error is io.EOF. Errors are final, except that of ctx, after which Next
// goes on where it was.
func (in *Input) Next(ctx context.Context) (Frame, error) {
	in.clear()
	for {
		if err := ctx.Err(); err != nil {
			return Frame{}, err
		}
		if in.err != nil {
			return Frame{}, in.err
		}
		if in.chunk == nil {
			over, err := in.receive(ctx)
			if err != nil {
				return Frame{}, err
			}
			if over {
				return in.deliver(time.Now(), true), nil
			}
		}
		c := in.chunk
		if c.err != nil && in.isHeld {
			// Nothing follows that could speak against its time.
			in.isHeld = false
			c.events, c.checked = append(in.room[:0], in.held), true
		}
		if c.err != nil && len(c.events) > 0 {
			if arrived := c.arrived; in.useEvents(c) {
				return in.deliver(arrived, false), nil
			}
			continue
		}
		if c.err != nil {
			in.err = c.err
			if c.err == io.EOF && in.dirty {
				return in.deliver(c.arrived, false), nil
			}
			continue
		}
		if arrived := c.arrived; in.use(c) {
			return in.deliver(arrived, false), nil
		}
	}
}

// receive waits for a chunk, for the clock to end the step, or for ctx.
func (in *Input) receive(ctx context.Context) (over bool, err error) {
	if in.form == nil {
		return false, ErrClosed
	}
	select {
	case <-in.closed:
		return false, ErrClosed
	default:
	}
	select {
	case in.chunk = <-in.queue.full:
		in.waited = false
		in.noteReader(in.chunk)
		return false, nil
	default:
	}
	var clock, silence <-chan time.Time
	if in.timer != nil && in.time.begun && !in.isSteps {
		// At lastAt the sensor's time was lastT, so by now it is later by as
		// much as has passed since.
		left := time.Duration(in.time.from+in.time.width-in.lastT) * time.Microsecond
		in.timer.Reset(time.Until(in.lastAt.Add(left + in.o.Jitter)))
		defer in.timer.Stop()
		clock = in.timer.C
	}
	if in.silence != nil && !in.silent {
		in.silence.Reset(time.Until(in.arrived.Add(in.o.Silence)))
		defer in.silence.Stop()
		silence = in.silence.C
	}
	for {
		select {
		case in.chunk = <-in.queue.full:
			in.waited = true
			in.noteReader(in.chunk)
		case <-silence:
			in.silent, silence = true, nil
			in.notify(NoticeSilent, 1, "nothing has arrived for %v", time.Since(in.arrived).Round(time.Millisecond))
			continue
		case <-clock:
			over = true
		case <-in.closed:
			err = ErrClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
		return over, err
	}
}

// deliver returns the step being filled and opens the next.
func (in *Input) deliver(arrived time.Time, byClock bool) Frame {
	in.time.from += in.time.width
	end := in.time.from
	if in.isSteps {
		end = int64(math.Round(float64(end) * in.form.step.Micros()))
	}
	f := Frame{in.step, in.events, end, arrived, byClock, in.restart, in.isSteps && in.waited}
	in.shown, in.restart = true, false
	return f
}

// clear empties the step being filled, if its memory was returned.
func (in *Input) clear() {
	if !in.shown {
		return
	}
	in.shown, in.events = false, 0
	if in.dirty {
		in.dirty = false
		in.step.Clear()
	}
}
