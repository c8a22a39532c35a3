package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/snurun/snurun/model"
)

// sensorOf returns a pipe into which write writes, in fake time.
func sensorOf(t *testing.T, write func(w *io.PipeWriter)) io.Reader {
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close() })
	go write(w)
	return r
}

// TestClockEndsSteps: a sensor that falls silent does not hold a step up.
func TestClockEndsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		in := newInput(t, sensorOf(t, func(w *io.PipeWriter) {
			fmt.Fprint(w, "70000,1,0,0\n70400,2,0,0\n")
			time.Sleep(23 * time.Millisecond)
			fmt.Fprint(w, "73500,3,0,0\n72300,4,0,0\n") // both 20 ms late, one too late
			time.Sleep(4 * time.Millisecond)
			fmt.Fprint(w, "82000,5,0,0\n")
			w.Close()
		}), network(model.SpikeCount), InputOptions{Jitter: 20 * time.Millisecond})
		for i, want := range []struct {
			after    time.Duration // since the start
			channels string
			byClock  bool
		}{
			{20600 * time.Microsecond, "[1 2]", true}, // 0.6 ms after the event at 70.4
			{21600 * time.Microsecond, "[]", true},
			{22600 * time.Microsecond, "[]", true},
			{27 * time.Millisecond, "[3]", false}, // the event at 82
			{27 * time.Millisecond, "[]", false},
		} {
			f, err := in.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if after := time.Since(start); after != want.after || fmt.Sprint(channels(f)) != want.channels || f.ByClock != want.byClock || f.EndUS != int64(71000+1000*i) {
				t.Errorf("step %d: %+v with channels %v after %v, expected %+v", i, f, channels(f), after, want)
			}
		}
		rest, err := frames(in)
		if err != nil || len(rest) != 8 || in.Late() != 1 {
			t.Errorf("%d steps left, %d late, error %v, expected 8 and 1", len(rest), in.Late(), err)
		}
	})
}

// TestCancel interrupts a wait for input; later Next goes on.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInput(t, sensorOf(t, func(w *io.PipeWriter) {
			fmt.Fprint(w, "0,1,0,0\n")
			time.Sleep(time.Hour)
			fmt.Fprint(w, "100,2,0,0\n")
			w.Close()
		}), network(model.SpikeCount), InputOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 2 {
			if _, err := in.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("error %v, expected that of the context", err)
			}
		}
		got, err := frames(in)
		if err != nil {
			t.Fatal(err)
		}
		sameSteps(t, got, []step{{[]uint32{1, 2}, 1000, false}})
	})
}

// TestClose ends the reading goroutine, which synctest waits for.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInput(t, sensorOf(t, func(w *io.PipeWriter) {
			for range 2 * queueChunks { // more than the queue holds
				fmt.Fprint(w, "0,1,0,0\n")
			}
			w.Close()
		}), network(model.SpikeCount), InputOptions{})
		synctest.Wait()
		in.Close()
		in.Close()
		synctest.Wait()
		if _, err := in.Next(t.Context()); err != ErrClosed {
			t.Errorf("error %v, expected ErrClosed", err)
		}
	})
}

// TestBackPressure: who writes faster than the network reads has to wait.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := 0
		in := newInput(t, sensorOf(t, func(w *io.PipeWriter) {
			for i := range 100 {
				fmt.Fprintf(w, "%d,1,0,0\n", 1000*i)
				written++
			}
			w.Close()
		}), network(model.SpikeCount), InputOptions{})
		synctest.Wait()
		if written > 2*queueChunks {
			t.Errorf("%d lines were read ahead, expected %d or little more", written, queueChunks)
		}
		if got, err := frames(in); err != nil || len(got) != 100 {
			t.Errorf("%d steps, error %v, expected all 100", len(got), err)
		}
	})
}
