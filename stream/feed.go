package stream

import (
	"context"
	"io"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// Feed hands events of the same process, such as those of a camera's driver, to
// an Input. One goroutine at a time may use it, beside the one that uses the
// Input.
type Feed struct {
	queue  queue
	closed <-chan struct{} // once the Input is
	end    *chunk          // nil once the feed is closed
}

// NewFeed returns a Feed and the Input of m that takes its events. They make the
// same steps as those of a recording: o means what it does for NewInput, but that
// there is no Format. Without a Size the shape of the network's input says where
// events lie.
func NewFeed(m *model.Network, o InputOptions) (*Feed, *Input, error) {
	o.Format = "events"
	in, ctx, err := prepare(m, o)
	if err != nil {
		return nil, nil, err
	}
	if err := in.form.takeEvents(o.Size); err != nil {
		return nil, nil, err
	}
	return &Feed{queue: in.queue, closed: ctx.Done(), end: <-in.queue.free}, in, nil
}

// Push hands events over, in any order within a time step; they are copied. It
// waits while the Input is behind by more than a few thousand events or by seven
// calls, and allocates nothing. It fails with ErrClosed if either end is closed,
// or with the error of ctx; then some of the events were not handed over.
func (f *Feed) Push(ctx context.Context, events ...event.Event) error {
	for len(events) > 0 {
		if f.end == nil {
			return ErrClosed
		}
		select {
		case <-f.closed:
			return ErrClosed
		default:
		}
		select {
		case c := <-f.queue.free:
			c.clear()
			c.events = c.room[:copy(c.room[:], events)]
			c.arrived = time.Now()
			events = events[len(c.events):]
			f.queue.full <- c // has room for all chunks
		case <-f.closed:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close says that no events follow: the Input returns what it has, then io.EOF.
func (f *Feed) Close() {
	if f.end == nil {
		return
	}
	f.end.arrived, f.end.err = time.Now(), io.EOF
	f.queue.full <- f.end // has room for all chunks
	f.end = nil
}
