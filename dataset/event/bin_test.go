package event

import (
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// A list is a Reader of events that hands out some at a time.
type list struct {
	events []Event
	some   int
	err    error // after the events, io.EOF if nil
}

func (l *list) Read(dst []Event) (int, error) {
	n := copy(dst[:min(len(dst), l.some)], l.events)
	l.events = l.events[n:]
	if n == 0 && len(dst) > 0 {
		if l.err == nil {
			return 0, io.EOF
		}
		return 0, l.err
	}
	return n, nil
}

// steps reads all steps of b.
func steps(b *Binner) ([]Step, error) {
	var all []Step
	for {
		var s Step
		if err := b.Next(&s); err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		all = append(all, s)
	}
}

func sameSteps(t *testing.T, got, want []Step) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d steps %+v, want %d", len(got), got, len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Index != w.Index || g.Start != w.Start || g.Events != w.Events || !slices.Equal(g.Active, w.Active) || !slices.Equal(g.Count, w.Count) {
			t.Errorf("step %d: got %+v, want %+v", i, g, w)
		}
	}
}

func TestBinByTime(t *testing.T) {
	size := Size{4, 3}
	at := func(t int64) Event { return Event{T: t} }
	for _, c := range []struct {
		name   string
		o      BinOptions
		events []Event
		want   []Step
		late   int64
	}{
		{"channels", BinOptions{Step: 10}, []Event{{T: 100, X: 3, Y: 2, P: 1}, {T: 101, X: 1, Y: 2}, {T: 109, X: 3, Y: 2, P: 1}},
			[]Step{{0, 100, 3, []uint32{9, 23}, []uint32{1, 2}}}, 0},
		{"one polarity", BinOptions{Step: 10, OnePolarity: true}, []Event{{X: 3, Y: 2, P: 1}, {X: 3, Y: 2, P: 0}},
			[]Step{{0, 0, 2, []uint32{11}, []uint32{2}}}, 0},
		{"borders and empty steps", BinOptions{Step: 10}, []Event{at(5), at(14), at(15), at(44), at(45)},
			[]Step{{0, 5, 2, []uint32{0}, []uint32{2}}, {1, 15, 1, []uint32{0}, []uint32{1}}, {Index: 2, Start: 25}, {3, 35, 1, []uint32{0}, []uint32{1}}, {4, 45, 1, []uint32{0}, []uint32{1}}}, 0},
		{"from zero", BinOptions{Step: 10, FromZero: true}, []Event{at(25)},
			[]Step{{Index: 0}, {Index: 1, Start: 10}, {2, 20, 1, []uint32{0}, []uint32{1}}}, 0},
		{"drop late", BinOptions{Step: 10}, []Event{at(100), at(99), at(110), at(109), {T: 112, X: 1}},
			[]Step{{0, 100, 1, []uint32{0}, []uint32{1}}, {1, 110, 2, []uint32{0, 1}, []uint32{1, 1}}}, 2},
		{"fold late", BinOptions{Step: 10, Late: FoldLate}, []Event{at(100), at(99), at(110), at(109), {T: 112, X: 1}},
			[]Step{{0, 100, 2, []uint32{0}, []uint32{2}}, {1, 110, 3, []uint32{0, 1}, []uint32{2, 1}}}, 2},
		{"within the step order is free", BinOptions{Step: 10, FromZero: true}, []Event{at(9), at(0)},
			[]Step{{0, 0, 2, []uint32{0}, []uint32{2}}}, 0},
		{"no events", BinOptions{Step: 10}, nil, nil, 0},
		{"huge times", BinOptions{Step: math.MaxInt64}, []Event{at(math.MinInt64), at(-1), at(math.MaxInt64 - 1)},
			[]Step{{0, math.MinInt64, 1, []uint32{0}, []uint32{1}}, {1, -1, 1, []uint32{0}, []uint32{1}}, {2, math.MaxInt64 - 1, 1, []uint32{0}, []uint32{1}}}, 0},
	} {
		for _, some := range []int{1, 2, 100} {
			t.Run(c.name, func(t *testing.T) {
				c.o.Size = size
				b, err := NewBinner(&list{events: c.events, some: some}, c.o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := steps(b)
				if err != nil {
					t.Fatal(err)
				}
				sameSteps(t, got, c.want)
				if b.Late() != c.late {
					t.Errorf("got %d late events, want %d", b.Late(), c.late)
				}
			})
		}
	}
}

func TestBinByCount(t *testing.T) {
	b, err := NewBinner(&list{events: []Event{{T: 7, X: 1}, {T: 5, X: 1}, {T: 9}, {T: 1 << 60, X: 2}, {T: 3, P: 1}}, some: 2}, BinOptions{Size: Size{4, 3}, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	got, err := steps(b)
	if err != nil {
		t.Fatal(err)
	}
	sameSteps(t, got, []Step{{0, 7, 2, []uint32{1}, []uint32{2}}, {1, 9, 2, []uint32{0, 2}, []uint32{1, 1}}, {2, 3, 1, []uint32{12}, []uint32{1}}})
}

// TestBinOracle compares with a map of steps.
func TestBinOracle(t *testing.T) {
	size := Size{34, 34}
	events := randomEvents(5000, size, 3000)
	b, err := NewBinner(source(t, size, events), BinOptions{Step: 1000})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]map[uint32]uint32{}
	for _, e := range events {
		i := (e.T - events[0].T) / 1000
		if want[i] == nil {
			want[i] = map[uint32]uint32{}
		}
		want[i][uint32(e.P)*34*34+uint32(e.Y)*34+uint32(e.X)]++
	}
	got, err := steps(b)
	if err != nil {
		t.Fatal(err)
	}
	if n := (events[len(events)-1].T-events[0].T)/1000 + 1; int64(len(got)) != n || b.Channels() != 2*34*34 {
		t.Fatalf("got %d steps of %d channels, want %d of %d", len(got), b.Channels(), n, 2*34*34)
	}
	for i, s := range got {
		if !slices.Equal(s.Active, slices.Sorted(maps.Keys(want[int64(i)]))) {
			t.Fatalf("step %d: got channels %v", i, s.Active)
		}
		for k, c := range s.Active {
			if s.Count[k] != want[int64(i)][c] {
				t.Fatalf("step %d, channel %d: got %d events, want %d", i, c, s.Count[k], want[int64(i)][c])
			}
		}
	}
}

func TestBinGap(t *testing.T) {
	for _, c := range []struct {
		o    BinOptions
		t    int64
		want bool // to fail
	}{
		{BinOptions{Step: 1, MaxGap: 5}, 5, false},
		{BinOptions{Step: 1, MaxGap: 5}, 6, true},
		{BinOptions{Step: 1}, defaultMaxGap + 1, true},
		{BinOptions{Step: 1}, math.MaxInt64, true},
		{BinOptions{Step: 1 << 62, MaxGap: 1}, math.MaxInt64, false},
	} {
		c.o.Size = Size{1, 1}
		b, err := NewBinner(&list{events: []Event{{}, {T: c.t}}, some: 9}, c.o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = steps(b)
		if errors.Is(err, ErrGap) != c.want {
			t.Errorf("%+v, t=%d: got error %v", c.o, c.t, err)
		}
		if again := b.Next(&Step{}); c.want && again != err {
			t.Errorf("got error %v after %v, want the same", again, err)
		}
	}
}

func TestBinErrors(t *testing.T) {
	size := Size{4, 3}
	for _, e := range []Event{{X: 4}, {Y: 3}, {P: 2}} {
		b, err := NewBinner(&list{events: []Event{e}, some: 1}, BinOptions{Size: size, Step: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Next(&Step{}); err == nil || err == io.EOF {
			t.Errorf("event %+v: got error %v, want one for an event outside", e, err)
		}
	}
	for _, o := range []BinOptions{
		{Step: 1},
		{Size: size},
		{Size: size, Step: 1, Count: 1},
		{Size: size, Step: -1},
		{Size: size, Count: -1},
		{Size: size, Step: 1, MaxGap: -1},
		{Size: size, Step: 1, Late: 2},
		{Size: Size{-1, 3}, Step: 1},
		{Size: Size{1 << 16, 1 << 16}, Step: 1},
	} {
		if _, err := NewBinner(&list{}, o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	// The steps before an error of the reader come out whole.
	broken := errors.New("broken pipe")
	b, err := NewBinner(&list{events: []Event{{T: 1}, {T: 2}}, some: 9, err: broken}, BinOptions{Size: size, Step: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := steps(b)
	if len(got) != 1 || !errors.Is(err, broken) {
		t.Errorf("got %d steps, error %v, want 1 and %v", len(got), err, broken)
	}
	_, err = NewBinner(source(t, Size{}, nil), BinOptions{Step: 1})
	if err == nil || !strings.Contains(err.Error(), "unknown size") {
		t.Errorf("got error %v, want one for an unknown size", err)
	}
}

// An endless reader repeats its events forever, later each time.
type endless struct {
	events []Event
	at     int
	t      int64
}

func (r *endless) Read(dst []Event) (int, error) {
	for i := range dst {
		e := r.events[r.at%len(r.events)]
		r.t += 10
		e.T = r.t
		dst[i] = e
		r.at++
	}
	return len(dst), nil
}

func TestBinAllocs(t *testing.T) {
	size := Size{34, 34}
	b, err := NewBinner(&endless{events: randomEvents(1000, size, 1)}, BinOptions{Size: size, Step: 1000})
	if err != nil {
		t.Fatal(err)
	}
	s := Step{Active: make([]uint32, 0, b.Channels()), Count: make([]uint32, 0, b.Channels())}
	if n := testing.AllocsPerRun(1000, func() { b.Next(&s) }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
