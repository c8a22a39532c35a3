package stream

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestRun decides a recording as Classify decides its steps.
func TestRun(t *testing.T) {
	events := randomEvents(3000)
	m := network(model.SpikeCount)
	data := record(t, "text", events)
	steps, err := frames(newInput(t, bytes.NewReader(data), m, InputOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(len(steps), 60)
	for k, f := range steps {
		copy(x.At(k), f.Input.(spike.Train).At(0))
	}
	o := WindowOptions{Steps: 12, Stride: 5, Margin: 2}
	var got []Decision
	in := newInput(t, bytes.NewReader(data), m, InputOptions{})
	s, err := Run(t.Context(), in, newWindows(t, m, o), Handler{Decide: func(d Decision) error {
		if d.TimeUS != steps[d.Step].EndUS || d.Latency <= 0 {
			t.Errorf("decision at %d µs, latency %v, expected the end of step %d at %d µs", d.TimeUS, d.Latency, d.Step, steps[d.Step].EndUS)
		}
		d.Scores = slices.Clone(d.Scores)
		got = append(got, d)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := classified(t, compile(t, m), o, x)
	early := 0
	for _, d := range want {
		if d.Steps < 12 {
			early++
		}
	}
	sameDecisions(t, got, want)
	total := int64(0)
	for _, f := range steps {
		total += int64(f.Events)
	}
	if s.Steps != int64(len(steps)) || s.Windows != int64(len(steps)+4)/5 || s.Decisions != int64(len(got)) || s.Early != int64(early) || early == 0 ||
		s.Events != total || total+s.Late != 3000 || s.Skipped != 0 || s.Restarts != 0 || s.MaxLag != 0 || s.Elapsed <= 0 ||
		!(0 < s.Latency.P50 && s.Latency.P50 <= s.Latency.P99 && s.Latency.P99 <= s.Latency.Max) {
		t.Errorf("%+v, expected %d steps, %d decisions, %d early, %d events", s, len(steps), len(got), early, total)
	}
}

// TestRunRestarts resets the network where time jumps.
func TestRunRestarts(t *testing.T) {
	m := network(model.MembraneSum)
	lines := "{\"spikes\":[1,2,3]}\n{\"spikes\":[4]}\n"
	var scores [][]float32
	in := newInput(t, bytes.NewReader([]byte(lines+"{\"spikes\":[9]}\n{\"step\":99999999,\"spikes\":[1,2,3]}\n{\"spikes\":[4]}\n")), m, InputOptions{Format: JSONL})
	s, err := Run(t.Context(), in, newWindows(t, m, WindowOptions{Steps: 2, Keep: true}), Handler{Decide: func(d Decision) error {
		scores = append(scores, slices.Clone(d.Scores))
		return nil
	}})
	if err != nil || s.Restarts != 1 || s.Windows != 3 || len(scores) != 2 || !slices.Equal(scores[0], scores[1]) {
		t.Errorf("%+v, error %v, scores %v, expected the same scores twice", s, err, scores)
	}
}

func TestRunErrors(t *testing.T) {
	m := network(model.SpikeCount)
	full := errors.New("disk full")
	decide := func(Decision) error { return full }
	s, err := Run(t.Context(), newInput(t, bytes.NewReader([]byte("\n\n\n\n")), m, InputOptions{Format: Spikes}), newWindows(t, m, WindowOptions{Steps: 2}), Handler{Decide: decide})
	if err != full || s.Steps != 2 {
		t.Errorf("%d steps, error %v, expected %v at the second", s.Steps, err, full)
	}
	other := network(model.SpikeCount)
	other.Input.Shape = []int{70}
	if _, err := Run(t.Context(), newInput(t, bytes.NewReader([]byte("\n")), other, InputOptions{Format: Spikes}), newWindows(t, m, WindowOptions{}), Handler{Decide: decide}); err == nil {
		t.Error("the input of another network was taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := io.Pipe()
	defer r.Close()
	if s, err := Run(ctx, newInput(t, r, m, InputOptions{}), newWindows(t, m, WindowOptions{}), Handler{Decide: decide}); err != nil || s.Steps != 0 {
		t.Errorf("%+v, error %v of a run that is called off", s, err)
	}
}

// TestLag runs a consumer that needs 30 ms for what the sensor sends in 10.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInput(t, sensorOf(t, func(w *io.PipeWriter) {
			for i := range 301 {
				fmt.Fprintf(w, "%d,1,0,0\n", 10_000*i)
				time.Sleep(10 * time.Millisecond)
			}
			w.Close()
		}), network(model.SpikeCount), InputOptions{Step: 10 * time.Millisecond, Jitter: time.Second})
		start := time.Now()
		var told []time.Duration
		s, err := Run(t.Context(), in, newWindows(t, network(model.SpikeCount), WindowOptions{Steps: 1}), Handler{
			Decide: func(Decision) error {
				time.Sleep(30 * time.Millisecond)
				return nil
			},
			Behind: func(lag time.Duration) {
				if now := time.Since(start); lag <= time.Second || lag > now*2/3 || len(told) > 0 && now-told[len(told)-1] < time.Second {
					t.Errorf("lag %v told after %v, before after %v", lag, now, told)
				}
				told = append(told, time.Since(start))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		// The last of 301 steps ends 9 s after it began, of which the sensor took 3.
		if s.Lag != 6*time.Second || s.MaxLag != s.Lag || len(told) < 6 {
			t.Errorf("lag %v, at most %v, told after %v, expected 6 s", s.Lag, s.MaxLag, told)
		}
	})
}

func TestHistogram(t *testing.T) {
	var h histogram
	if l := h.latency(); l != (Latency{}) {
		t.Errorf("no latencies have %+v", l)
	}
	for v := time.Duration(1); v > 0; v = v*17/16 + 1 {
		b := bin(v)
		if v > upper(b) || b > 0 && v <= upper(b-1) {
			t.Fatalf("%d is in bin %d, up to %d", v, b, upper(b))
		}
		if v > 64 && float64(upper(b)) > float64(v)*33/32 {
			t.Fatalf("the bin of %d goes up to %d", v, upper(b))
		}
	}
	for v := range time.Duration(1000) {
		h.add(v * time.Microsecond)
	}
	l := h.latency()
	if l.Max != 999*time.Microsecond || l.P50 < 500*time.Microsecond || l.P50 > 516*time.Microsecond || l.P99 < 990*time.Microsecond || l.P99 > l.Max {
		t.Errorf("%+v of 0 to 999 µs", l)
	}
	h.add(1<<63 - 1)
	h.add(-5)
	if l := h.latency(); l.Max != 1<<63-1 {
		t.Errorf("%+v, expected the largest duration", l)
	}
}

// endless is a camera of n events, 2 µs apart, as EVT 2.0. At the marks it calls
// at.
type endless struct {
	n, sent int64
	buf     []byte
	rest    []byte // of buf
	every   int64
	at      func(sent int64)
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.sent >= e.n {
			return 0, io.EOF
		}
		e.buf = e.buf[:0]
		for range 64 { // 32 events to a time word
			e.buf = binary.LittleEndian.AppendUint32(e.buf, 0x8<<28|uint32(e.sent*2>>6)&0x0fffffff)
			for range 32 {
				i := uint32(e.sent)
				x, y, p := i*7%6, i*3%5, i/11%2
				e.buf = binary.LittleEndian.AppendUint32(e.buf, p<<28|(i*2&0x3f)<<22|x<<11|y)
				e.sent++
			}
		}
		e.rest = e.buf
		if e.at != nil && e.sent%e.every < 2048 {
			e.at(e.sent)
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestSoak runs a million events: memory stays as it is, and a step allocates
// nothing.
func TestSoak(t *testing.T) {
	const million = 1 << 20
	var heap, mallocs []uint64
	camera := &endless{n: million, every: million / 8}
	camera.at = func(int64) {
		var s goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&s)
		heap, mallocs = append(heap, s.HeapAlloc), append(mallocs, s.Mallocs)
	}
	m := network(model.SpikeCount)
	in := newInput(t, camera, m, InputOptions{Format: "evt2", Jitter: time.Hour})
	s, err := Run(t.Context(), in, newWindows(t, m, WindowOptions{Stride: 5}), Handler{Decide: func(Decision) error { return nil }})
	if err != nil || s.Events != million || s.Steps != 2*million/1000+1 || s.Late != 0 || s.Skipped != 0 {
		t.Fatalf("%+v, error %v, expected %d events", s, err, million)
	}
	if len(heap) < 8 {
		t.Fatalf("%d marks, expected 8", len(heap))
	}
	last := len(heap) - 1
	if grown := int64(heap[last]) - int64(heap[1]); grown > 64<<10 {
		t.Errorf("the heap grew by %d bytes: %d", grown, heap)
	}
	if n := mallocs[last] - mallocs[1]; n > uint64(last*10) { // of the marks and the collector
		t.Errorf("%d allocations in %d steps", n, s.Steps*int64(last-1)/8)
	}
}

// BenchmarkRun is events binned, stepped and decided.
func BenchmarkRun(b *testing.B) {
	m := network(model.SpikeCount)
	in := newInput(b, &endless{n: int64(b.N)}, m, InputOptions{Format: "evt2"})
	s, err := Run(b.Context(), in, newWindows(b, m, WindowOptions{}), Handler{Decide: func(Decision) error { return nil }})
	if err != nil || s.Events < int64(b.N) {
		b.Fatal(s, err)
	}
	b.ReportMetric(float64(s.Events)/s.Elapsed.Seconds(), "events/s")
}
