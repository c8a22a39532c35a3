package train

import (
	"sync"
	"sync/atomic"
)

// parallel calls f for 0 … n−1 on the trainer's workers and returns the error
// of the lowest number that failed. Which worker takes which number must not
// matter to the result.
func (t *Trainer) parallel(n int, f func(w *worker, i int) error) error {
	errs := t.errs[:n]
	if len(t.workers) == 1 {
		for i := range n {
			errs[i] = f(t.workers[0], i)
		}
		return first(errs)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, w := range t.workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = f(w, i)
			}
		})
	}
	wait.Wait()
	return first(errs)
}

func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
