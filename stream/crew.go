package stream

import (
	"sync"
	"sync/atomic"

	"github.com/snurun/snurun/spike"
)

// crew lets several goroutines take windows that are open through a step. No window's
// steps depend on another's, so who takes which changes no bit.
type crew struct {
	slots  []slot
	begin  []chan struct{} // of each goroutine beside the caller's
	done   sync.WaitGroup
	next   atomic.Int64 // slot that nobody has taken
	train  spike.Train  // the input of the step, as one of both: an interface of it
	values spike.Values // that goroutines share would be allocated
	t      int
}

// newCrew starts threads − 1 goroutines, which end with close.
func newCrew(slots []slot, threads int) *crew {
	c := &crew{slots: slots}
	for range min(threads, len(slots)) - 1 {
		begin := make(chan struct{})
		c.begin = append(c.begin, begin)
		go func() {
			for range begin {
				c.work()
				c.done.Done()
			}
		}()
	}
	return c
}

func (c *crew) close() {
	for _, begin := range c.begin {
		close(begin)
	}
}

// step takes all open windows through step t of x and leaves their errors in them.
func (c *crew) step(x spike.Input, t int) {
	c.train, c.values, c.t = spike.Train{}, spike.Values{}, t
	switch x := x.(type) {
	case spike.Train:
		c.train = x
	case spike.Values:
		c.values = x
	}
	c.next.Store(0)
	c.done.Add(len(c.begin))
	for _, begin := range c.begin {
		begin <- struct{}{}
	}
	c.work()
	c.done.Wait()
}

// work takes slots until there are none.
func (c *crew) work() {
	for {
		i := c.next.Add(1) - 1
		if i >= int64(len(c.slots)) {
			return
		}
		s := &c.slots[i]
		switch {
		case !s.open:
		case c.values.Size() > 0:
			s.err = s.step(c.values, c.t)
		default:
			s.err = s.step(c.train, c.t)
		}
	}
}
