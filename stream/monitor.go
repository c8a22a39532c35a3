package stream

import "sync"

// Monitor shows what a Run does while it does it, to any goroutine. One monitor
// serves one Run.
type Monitor struct {
	mu      sync.Mutex
	run     *run // nil before the Run
	waiting bool // for the input
	last    int64
}

// Summary returns what the Run has done so far, the zero Summary before it begins.
func (m *Monitor) Summary() Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.run == nil {
		return Summary{}
	}
	return m.run.measured()
}

// Alive reports whether the Run waits for its input or has computed a step since
// Alive was called last, which is what a watchdog asks.
func (m *Monitor) Alive() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.run == nil {
		return false
	}
	steps := m.run.summary.Steps
	alive := m.waiting || steps != m.last
	m.last = steps
	return alive
}
