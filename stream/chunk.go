package stream

import (
	"context"
	"time"

	"github.com/snurun/snurun/dataset/event"
)

const (
	queueChunks = 8    // chunks between the reading goroutine and Input.Next
	chunkEvents = 1024 // events in a chunk at most
)

// A chunk is what one read of the input yields: some events, or one time step,
// or the error behind which nothing comes.
type chunk struct {
	arrived time.Time
	err     error
	skipped int64 // malformed records and lines so far

	reframed int64      // how often records were out of step so far
	sensor   event.Size // that the input states, if known
	checked  bool       // whether implausible events were left out

	room   [chunkEvents]event.Event
	events []event.Event // of room

	isStep   bool
	number   int64 // of the step; −1 for the one that is next
	channels []uint32
	values   []float32 // of all channels, or none
}

// clear makes the chunk one of no events.
func (c *chunk) clear() {
	c.events, c.isStep, c.number, c.checked = nil, false, -1, false
	c.channels, c.values = c.channels[:0], c.values[:0]
}

// A chunkReader reads the next chunk.
type chunkReader interface {
	read(c *chunk) error
}

// A queue reads ahead on a goroutine of its own, so that the consumer can wait
// for something else besides, and by a bounded number of chunks: a reader that
// is ahead stops reading, and whoever writes into the pipe waits.
type queue struct {
	full, free chan *chunk
}

func newQueue() queue {
	q := queue{make(chan *chunk, queueChunks), make(chan *chunk, queueChunks)}
	for range queueChunks {
		q.free <- new(chunk)
	}
	return q
}

// run reads with the reader that open returns. It ends after an error, or when ctx
// is done and a read that has begun returns.
func (q queue) run(ctx context.Context, open func() (chunkReader, error)) {
	r, err := open()
	for {
		var c *chunk
		select {
		case c = <-q.free:
		case <-ctx.Done():
			return
		}
		if err == nil {
			err = r.read(c)
		}
		c.arrived, c.err = time.Now(), err
		q.full <- c // has room for all chunks
		if err != nil {
			return
		}
	}
}

// eventReader reads chunks of events.
type eventReader struct{ src event.Source }

func (r eventReader) read(c *chunk) error {
	n, err := r.src.Read(c.room[:])
	c.clear()
	c.events = c.room[:n]
	c.skipped = r.src.Skipped()
	c.reframed = event.Reframed(r.src)
	c.sensor = r.src.Size()
	return err
}
