package stream

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

func newFeed(t testing.TB, m *model.Network, o InputOptions) (*Feed, *Input) {
	t.Helper()
	feed, in, err := NewFeed(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	return feed, in
}

// TestFeed: events that are pushed, in portions of any size, make the steps of
// the same events in a byte stream.
func TestFeed(t *testing.T) {
	t.Parallel()
	events := randomEvents(5000)
	counts := network(model.SpikeCount)
	counts.Input.Encoder.Counts = true
	for _, m := range []*model.Network{network(model.SpikeCount), counts} {
		for _, o := range []InputOptions{{}, {Late: event.FoldLate}, {Gap: 5 * time.Millisecond}, {Step: 300 * time.Microsecond}} {
			for _, portion := range []int{1, 700, len(events)} {
				feed, in := newFeed(t, m, o)
				pushed := make(chan error)
				go func() {
					for from := 0; from < len(events); from += portion {
						part := append([]event.Event(nil), events[from:min(from+portion, len(events))]...)
						if err := feed.Push(t.Context(), part...); err != nil {
							pushed <- err
							return
						}
						clear(part) // they were copied
					}
					feed.Close()
					feed.Close()
					pushed <- feed.Push(t.Context(), events[0])
				}()
				got, err := frames(in)
				if err != nil {
					t.Fatal(err)
				}
				if err := <-pushed; !errors.Is(err, ErrClosed) {
					t.Errorf("push after Close: %v", err)
				}
				text := newInput(t, bytes.NewReader(record(t, "text", events)), m, o)
				want, err := frames(text)
				if err != nil || len(want) < 100 {
					t.Fatalf("%d steps, %v", len(want), err)
				}
				if !reflect.DeepEqual(got, want) || in.Late() != text.Late() || in.Late() == 0 {
					t.Errorf("%+v, portions of %d: %d steps, %d late, expected %d and %d, or their contents differ", o, portion, len(got), in.Late(), len(want), text.Late())
				}
			}
		}
	}
}

// TestFeedWaits for an Input that is behind, until one of them is closed.
func TestFeedWaits(t *testing.T) {
	t.Parallel()
	events := make([]event.Event, 20*chunkEvents)
	for i := range events {
		events[i].T = int64(i)
	}
	feed, _ := newFeed(t, network(model.SpikeCount), InputOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- feed.Push(ctx, events...) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	feed, in := newFeed(t, network(model.SpikeCount), InputOptions{})
	go func() { result <- feed.Push(t.Context(), events...) }()
	in.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	feed.Close()
}

func TestFeedRefuses(t *testing.T) {
	t.Parallel()
	flat := network(model.SpikeCount)
	flat.Input.Shape = []int{60}
	flat.Input.Encoder = model.Encoder{Coding: model.Poisson, RateHz: 100}
	for says, o := range map[string]InputOptions{
		"size of the sensor may tell": {}, "expected whole µs": {Size: sensor, Step: 1500 * time.Nanosecond}, "gap -1": {Gap: -1}, "size 7x5": {Size: event.Size{Width: 7, Height: 5}},
	} {
		if _, _, err := NewFeed(flat, o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, expected %q", o, err, says)
		}
	}
	outside := []event.Event{{T: 1, X: 6}, {T: 2, X: 5}}
	feed, in := newFeed(t, flat, InputOptions{Size: sensor})
	if err := feed.Push(t.Context(), outside...); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Next(t.Context()); !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), "x=6") {
		t.Errorf("an event outside: %v", err)
	}
	feed, in = newFeed(t, flat, InputOptions{Size: sensor, SkipBad: true})
	if err := feed.Push(t.Context(), outside...); err != nil {
		t.Fatal(err)
	}
	feed.Close()
	if got, err := frames(in); err != nil || len(got) != 1 || in.Skipped() != 1 {
		t.Errorf("%d steps, %d skipped, %v", len(got), in.Skipped(), err)
	}
}

// TestZeroValues say that nobody made them.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	feed, in := new(Feed), new(Input)
	_, errNext := in.Next(t.Context())
	_, errStep := new(Windows).Step(randomTrain(1), 0)
	_, errRun := Run(t.Context(), in, new(Windows), Handler{})
	for _, err := range []error{feed.Push(t.Context(), event.Event{}), errNext, errStep, errRun} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%v, expected ErrClosed", err)
		}
	}
	feed.Close()
	in.Close()
	new(Windows).Restart()
}

// TestFeedAllocatesNothing, whether steps are pushed or taken.
func TestFeedAllocatesNothing(t *testing.T) {
	feed, in := newFeed(t, network(model.SpikeCount), InputOptions{})
	events := make([]event.Event, 2)
	ctx, step := t.Context(), int64(0)
	push := func() {
		events[0] = event.Event{T: 1000 * step, X: 1}
		events[1] = event.Event{T: 1000*step + 10, X: 2, P: 1}
		if err := feed.Push(ctx, events...); err != nil {
			t.Fatal(err)
		}
		step++
	}
	push()
	if n := testing.AllocsPerRun(200, func() {
		push()
		if f, err := in.Next(ctx); err != nil || f.Events != 2 {
			t.Fatal(f.Events, err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
