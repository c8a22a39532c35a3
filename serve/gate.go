package serve

import (
	"context"
	"fmt"
	"sync/atomic"
)

// gate lets as many inferences run at a time as there are CPUs, and as many wait.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	most    int64
}

func newGate(slots, queue int) *gate {
	return &gate{slots: make(chan struct{}, slots), most: int64(queue)}
}

// enter waits for a slot. With too many others waiting it fails at once, as ErrBusy.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > g.most {
		g.waiting.Add(-1)
		return fmt.Errorf("%w: %d wait already, try again later", ErrBusy, g.most)
	}
	defer g.waiting.Add(-1)
	return g.wait(ctx)
}

func (g *gate) wait(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.slots }

// yield lets another inference run before the next sample of a long one, if any
// waits. After an error the slot is still held.
func (g *gate) yield(ctx context.Context) error {
	if err := ctx.Err(); err != nil || g.waiting.Load() == 0 {
		return err
	}
	g.leave()
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	// The slot must be held again whatever becomes of ctx: leave follows.
	g.slots <- struct{}{}
	return ctx.Err()
}

// running is how many inferences run.
func (g *gate) running() int { return len(g.slots) }
