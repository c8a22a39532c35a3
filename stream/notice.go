package stream

import (
	"fmt"
	"time"
)

// The kinds of notices.
const (
	NoticeSkipped = "skipped" // malformed input was passed over
	NoticeLate    = "late"    // an event or a step came late
	NoticeTime    = "time"    // time jumps, or one time stamp is broken
	NoticeFraming = "framing" // records were out of step, or a new header came
	NoticeSensor  = "sensor"  // the sensor has another size than the network sees
	NoticeSilent  = "silent"  // nothing arrives, or something does again
)

// A Notice says what is wrong with an input while it is read.
type Notice struct {
	Kind  string // one of the constants Notice…
	Count int64  // how often that has been so
	Text  string
}

// noticeEvery is the least time between two notices of a kind.
const noticeEvery = time.Second

// notify reports what has gone wrong count times: the first time at once, then at
// most once a second. Only what is reported is formatted.
func (in *Input) notify(kind string, count int64, text string, args ...any) {
	if in.o.Notify == nil {
		return
	}
	now := in.now()
	if last, ok := in.told[kind]; ok && now.Sub(last) < noticeEvery {
		return
	}
	if in.told == nil {
		in.told = make(map[string]time.Time)
	}
	in.told[kind] = now
	in.o.Notify(Notice{kind, count, fmt.Sprintf(text, args...)})
}

// noteReader reports what the reading goroutine found up to a chunk.
func (in *Input) noteReader(c *chunk) {
	if in.silent && c.err == nil {
		delete(in.told, NoticeSilent) // the end of a silence is told whenever it comes
		in.notify(NoticeSilent, 1, "the input is back after %v", c.arrived.Sub(in.arrived).Round(time.Millisecond))
		delete(in.told, NoticeSilent)
	}
	if in.silence != nil {
		in.silent, in.arrived = false, c.arrived
	}
	if c.skipped > in.readerSkip {
		in.notify(NoticeSkipped, in.skipped+c.skipped, "malformed input was passed over")
	}
	if c.reframed > in.reframed {
		in.notify(NoticeFraming, c.reframed, "the input was cut inside a record, or began anew: reading goes on with the next whole one")
	}
	in.readerSkip, in.reframed = c.skipped, c.reframed
	if c.sensor.Known() && c.sensor != in.form.size() && !in.sized {
		in.notify(NoticeSensor, 1, "the input states a %s sensor, the network sees %s pixels: its upper left corner", c.sensor, in.form.size())
		in.sized = true
	}
}
