package event

import (
	"slices"
	"testing"
)

// at returns n events in a row from time t on, 10 µs apart.
func at(t int64, n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{T: t + 10*int64(i), X: uint16(i % 30)}
	}
	return events
}

func TestPlausible(t *testing.T) {
	const s = 1_000_000
	for _, c := range []struct {
		name    string
		runs    [][]Event
		dropped []int // numbers of the runs that are left out
		back    int64
	}{
		{"nothing wrong", [][]Event{at(5000, 900)}, nil, 0},
		{"three left over from a later clock", [][]Event{at(35*s, 3), at(5000, 900)}, []int{0}, 0},
		{"three left over from an earlier clock", [][]Event{at(100, 3), at(35*s, 900)}, []int{0}, 0},
		{"one ahead in the middle", [][]Event{at(0, 500), at(4*s, 1), at(6000, 500)}, []int{1}, 0},
		{"one back in the middle", [][]Event{at(9*s, 500), at(0, 1), at(9*s+6000, 500)}, []int{1}, 0},
		{"two ahead one after the other", [][]Event{at(0, 500), at(50*s, 1), at(90*s, 1), at(6000, 500)}, []int{1, 2}, 0},
		{"both", [][]Event{at(35*s, 3), at(0, 500), at(4*s, 1), at(6000, 500)}, []int{0, 2}, 0},
		{"silence", [][]Event{at(0, 500), at(60*s, 500)}, nil, 0},
		{"silence with a few events in it", [][]Event{at(0, 500), at(30*s, 2), at(60*s, 500)}, nil, 0},
		{"a few events, far apart", [][]Event{at(0, 1), at(30*s, 2), at(60*s, 1), at(90*s, 1)}, nil, 0},
		{"a few events behind silence", [][]Event{at(0, 500), at(60*s, 3)}, nil, 0},
		{"one back at the end", [][]Event{at(60*s, 500), at(0, 1)}, []int{1}, 0},
		{"the clock restarts", [][]Event{at(5*s, 500), at(0, 500)}, nil, 1},
		{"out of order by less", [][]Event{at(s/2, 500), at(0, 500)}, nil, 0},
		{"one event", [][]Event{at(7, 1)}, nil, 0},
	} {
		var want []Event
		for i, run := range c.runs {
			if !slices.Contains(c.dropped, i) {
				want = append(want, run...)
			}
		}
		all := slices.Concat(c.runs...)
		for _, size := range []int{1, 7, 5000} {
			p := NewPlausible(sourceOf(&list{events: all, some: size}))
			got, err := drain(p, size)
			if err != nil {
				t.Fatal(c.name, err)
			}
			if !slices.Equal(got, want) || p.Dropped() != int64(len(all)-len(want)) || p.Back() != c.back || (p.Describe() == "") != (len(c.dropped) == 0 && c.back == 0) {
				t.Errorf("%s: %d events of %d, want %d; %d dropped, %d times back, %q", c.name, len(got), len(all), len(want), p.Dropped(), p.Back(), p.Describe())
			}
		}
	}
}

// sourceOf makes a Source of a Reader.
func sourceOf(r Reader) Source { return &noSize{r} }

type noSize struct{ Reader }

func (noSize) Size() Size     { return Size{} }
func (noSize) Skipped() int64 { return 0 }
