package serve

import (
	goruntime "runtime"

	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// worker is what one request at a time runs a model with.
type worker struct {
	session *runtime.Session
	x       spike.Input // nil until it is needed
}

// worker returns one that is idle, or a new one.
func (m *Model) worker() *worker {
	m.idle.Lock()
	defer m.idle.Unlock()
	n := len(m.idle.workers)
	if n == 0 {
		return &worker{session: m.net.NewSession()}
	}
	w := m.idle.workers[n-1]
	m.idle.workers = m.idle.workers[:n-1]
	return w
}

// release keeps a worker for the next request: as many as run at a time, with little
// memory each.
func (m *Model) release(w *worker) {
	w.shrink()
	m.idle.Lock()
	defer m.idle.Unlock()
	if len(m.idle.workers) < goruntime.GOMAXPROCS(0) {
		m.idle.workers = append(m.idle.workers, w)
		return
	}
	w.session.Close()
}

// shrink gives up the room for inputs if it is large.
func (w *worker) shrink() {
	if w.x == nil {
		return
	}
	size := 8 * spike.Words(w.x.Size())
	if _, analog := w.x.(spike.Values); analog {
		size = 4 * w.x.Size()
	}
	if w.x.Steps() > keepBytes/max(size, 1) {
		w.x = nil
	}
}

// input returns room for an input of so many steps, whose content is left over.
func (w *worker) input(net *runtime.Network, steps int) spike.Input {
	if w.x == nil || w.x.Steps() != steps {
		w.x = net.Input().New(steps)
	}
	return w.x
}
