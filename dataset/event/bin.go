package event

import (
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/snurun/snurun/model"
)

// ErrGap is wrapped by the error of [Binner.Next] for a jump in time of more
// than [BinOptions.MaxGap] steps.
var ErrGap = errors.New("gap in time")

// A LatePolicy says what becomes of an event that is earlier than the step
// being filled, whose own step is already out.
type LatePolicy uint8

const (
	DropLate LatePolicy = iota // leave it out and count it, see Binner.Late
	FoldLate                   // put it into the step being filled, and count it
)

const (
	// maxChannels bounds the memory of a Binner to 66 MiB. It suffices for
	// 2896x2896 pixels of two polarities.
	maxChannels = 1 << 24

	defaultMaxGap = 1 << 20
	binBatch      = 1024 // events read at once
)

// BinOptions say how to cut a recording into steps. Exactly one of Step and
// Count is set.
type BinOptions struct {
	// Size is the extent of the coordinates; an event outside is an error. The
	// unknown size stands for that of the Reader, if it is a Source.
	Size Size

	// OnePolarity gives ON and OFF events of a pixel the same channel.
	OnePolarity bool

	// Step is the length of a step in µs: an event at t is in step
	// floor((t - t0)/Step).
	Step int64

	// FromZero sets t0 to 0 in place of the time of the first event.
	FromZero bool

	// Count is the number of events in a step, whatever their times. The last
	// step of a recording may have fewer.
	Count int

	// Late is for steps by time.
	Late LatePolicy

	// MaxGap is the largest number of steps by which one event may move time
	// on, for steps by time: a broken time stamp must not make years of
	// silence. 0 stands for 1048576, a quarter of an hour of 1 ms steps.
	MaxGap int64
}

// A Step is what happened in one time step. The caller owns it, and may keep
// the slices of one Step while Next fills another.
type Step struct {
	Index  int64    // 0, 1, 2, ... without a gap
	Start  int64    // µs: t0 + Index*Step, or the time of the first event for steps by count
	Events int      // events in the step
	Active []uint32 // channels with at least one event, ascending
	Count  []uint32 // Count[i] is the number of events of channel Active[i]
}

// A Binner cuts a stream of events into steps. The channel of an event is that
// of [model.Plane]: the flat index into PyTorch's [C, H, W].
type Binner struct {
	r     Reader
	o     BinOptions
	plane model.Plane
	late  int64

	buf  []Event
	next []Event // read and not yet binned
	err  error   // due after next

	// The step being filled. Times are counted from t0, as a uint64 that holds
	// the difference of any two.
	open   bool // whether the first event, and with it t0, is known
	t0     int64
	index  int64
	from   uint64 // index*Step
	first  int64  // time of the first event
	events int
	counts []uint32 // by channel
	active []uint64 // bit c%64 of word c/64: counts[c] > 0
	groups []uint64 // bit w%64 of word w/64: active[w] != 0, for large sensors with few events a step
}

// NewBinner returns a Binner of the events of r. It allocates all it needs.
func NewBinner(r Reader, o BinOptions) (*Binner, error) {
	if src, ok := r.(Source); ok && !o.Size.Known() {
		o.Size = src.Size()
	}
	if err := o.Size.check(); err != nil {
		return nil, err
	}
	if o.MaxGap == 0 {
		o.MaxGap = defaultMaxGap
	}
	plane := model.Plane{Channels: 2, Height: o.Size.Height, Width: o.Size.Width}
	if o.OnePolarity {
		plane.Channels = 1
	}
	channels := uint64(plane.Channels) * uint64(o.Size.Width) * uint64(o.Size.Height)
	switch {
	case !o.Size.Known():
		return nil, errors.New("event: bin: sensor of unknown size, expected BinOptions.Size")
	case channels > maxChannels:
		return nil, fmt.Errorf("event: bin: %d channels of a %s sensor, expected at most %d; crop or downsample first", channels, o.Size, maxChannels)
	case o.Step < 0 || o.Count < 0 || (o.Step > 0) == (o.Count > 0):
		return nil, fmt.Errorf("event: bin: step of %d µs, count of %d, expected one of them positive and the other 0", o.Step, o.Count)
	case o.Late > FoldLate:
		return nil, fmt.Errorf("event: bin: late policy %d, expected DropLate or FoldLate", o.Late)
	case o.MaxGap < 0:
		return nil, fmt.Errorf("event: bin: gap of %d steps, expected it positive, or 0 for %d", o.MaxGap, defaultMaxGap)
	}
	return &Binner{
		r:      r,
		o:      o,
		plane:  plane,
		buf:    make([]Event, binBatch),
		counts: make([]uint32, channels),
		active: make([]uint64, (channels+63)/64),
		groups: make([]uint64, (channels+4095)/4096),
	}, nil
}

// Channels returns the number of channels.
func (b *Binner) Channels() int { return len(b.counts) }

// Late returns how many late events there were so far, dropped or folded.
func (b *Binner) Late() int64 { return b.late }

// Next fills s with the next step. It appends to s.Active[:0] and s.Count[:0],
// so that it does not allocate where they have room for all active channels,
// at most [Binner.Channels].
//
// A step by time is known to be over when an event of a later one comes; the
// steps between them are delivered empty. At the end of the recording the step
// being filled is delivered, then the error is [io.EOF]. Errors are final, and
// the step they fall into is not delivered.
func (b *Binner) Next(s *Step) error {
	for {
		if len(b.next) == 0 {
			if b.err == nil {
				var n int
				n, b.err = b.r.Read(b.buf)
				b.next = b.buf[:n]
				if n == 0 && b.err == nil {
					b.err = io.ErrNoProgress
				}
				continue
			}
			if b.err == io.EOF && b.events > 0 {
				b.deliver(s)
				return nil
			}
			return b.err
		}
		e := b.next[0]
		if b.o.Step > 0 {
			ahead, late := b.place(e.T)
			if ahead > uint64(b.o.MaxGap) {
				return b.fail(fmt.Errorf("event: bin: event at t=%d µs is %d steps ahead, expected at most %d: %w", e.T, ahead, b.o.MaxGap, ErrGap))
			}
			if ahead > 0 {
				b.deliver(s)
				return nil
			}
			if late {
				b.late++
				if b.o.Late == DropLate {
					b.next = b.next[1:]
					continue
				}
			}
		}
		if err := b.add(e); err != nil {
			return b.fail(err)
		}
		b.next = b.next[1:]
		if b.events == b.o.Count {
			b.deliver(s)
			return nil
		}
	}
}

func (b *Binner) fail(err error) error {
	b.err, b.next = err, nil
	return err
}

// place returns how many steps time t is ahead of the step being filled, or
// that it is before it.
func (b *Binner) place(t int64) (ahead uint64, late bool) {
	if !b.open {
		b.open = true
		if !b.o.FromZero {
			b.t0 = t
		}
	}
	since := uint64(t) - uint64(b.t0)
	switch step := uint64(b.o.Step); {
	case t < b.t0 || since < b.from:
		return 0, true
	case since-b.from < step: // nearly always, and without a division
		return 0, false
	default:
		return (since - b.from) / step, false
	}
}

// add counts an event into the step being filled.
func (b *Binner) add(e Event) error {
	x, y := int(e.X), int(e.Y)
	if !b.plane.Contains(x, y) || e.P > 1 {
		return fmt.Errorf("event: bin: event at t=%d µs, x=%d y=%d p=%d, expected it inside %s with p 0 or 1; crop or downsample first", e.T, x, y, e.P, b.o.Size)
	}
	if b.events == 0 {
		b.first = e.T
	}
	b.events++
	c := b.plane.Channel(x, y, int(e.P))
	b.counts[c]++
	b.active[c/64] |= 1 << (c % 64)
	b.groups[c/4096] |= 1 << (c / 64 % 64)
	return nil
}

// deliver moves the step being filled to s and opens the next one.
func (b *Binner) deliver(s *Step) {
	s.Index = b.index
	s.Start = b.t0 + int64(b.from)
	if b.o.Count > 0 {
		s.Start = b.first
	}
	s.Events = b.events
	s.Active, s.Count = s.Active[:0], s.Count[:0]
	for g, group := range b.groups {
		for ; group != 0; group &= group - 1 {
			w := 64*g + bits.TrailingZeros64(group)
			for word := b.active[w]; word != 0; word &= word - 1 {
				c := 64*w + bits.TrailingZeros64(word)
				s.Active = append(s.Active, uint32(c))
				s.Count = append(s.Count, b.counts[c])
				b.counts[c] = 0
			}
			b.active[w] = 0
		}
		b.groups[g] = 0
	}
	b.index++
	b.from += uint64(b.o.Step)
	b.events = 0
}
