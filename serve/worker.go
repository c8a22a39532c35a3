package serve

import (
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

func (m *Model) release(w *worker) {
	m.idle.Lock()
	defer m.idle.Unlock()
	m.idle.workers = append(m.idle.workers, w)
}

// input returns room for an input of so many steps, whose content is left over.
func (w *worker) input(net *runtime.Network, steps int) spike.Input {
	if w.x == nil || w.x.Steps() != steps {
		w.x = net.Input().New(steps)
	}
	return w.x
}
