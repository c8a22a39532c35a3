package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/snurun/snurun/stream"
)

// shared lets several goroutines write whole lines.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// A watcher says what a stream does while it runs: on standard error and to
// systemd.
type watcher struct {
	monitor  stream.Monitor
	out      io.Writer
	every    time.Duration // between two lines of statistics, 0 for none
	realtime bool
	kernel   string
}

// notifySystemd tells systemd something, if it started this program as a service
// that does so (Type=notify).
func notifySystemd(state string) { _, _ = daemon.SdNotify(false, state) }

// run prints statistics and keeps systemd's watchdog quiet until ctx is done.
func (w *watcher) run(ctx context.Context) {
	var statistics, alive <-chan time.Time
	if w.every > 0 {
		t := time.NewTicker(w.every)
		defer t.Stop()
		statistics = t.C
	}
	if within, err := daemon.SdWatchdogEnabled(false); err == nil && within > 0 {
		t := time.NewTicker(max(within/3, time.Millisecond))
		defer t.Stop()
		alive = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-statistics:
			w.status()
		case <-alive:
			if w.monitor.Alive() {
				notifySystemd(daemon.SdNotifyWatchdog)
			}
		}
	}
}

// status prints what the stream has done so far, as JSON.
func (w *watcher) status() {
	s := w.monitor.Summary()
	fields := summaryFields(s, w.realtime, w.kernel)
	fields["time"] = stamp()
	_ = json.NewEncoder(w.out).Encode(map[string]any{"stats": fields})
	notifySystemd(fmt.Sprintf("STATUS=%d steps, %d decisions, %d late, %d skipped", s.Steps, s.Decisions, s.Late, s.Skipped))
}
