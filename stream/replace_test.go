package stream

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// mirrored is counter with its classes exchanged, and a third.
func mirrored() *model.Network {
	m := counter()
	m.Classes = []string{"right", "left", "up"}
	m.Layers[0].Out = []int{3}
	m.Layers[0].Weight = model.Matrix(3, 2, []float32{0, 1, 1, 0, 0, 0})
	return m
}

// TestReplace goes on with another network between windows: those that are open
// end with the one that they began with.
func TestReplace(t *testing.T) {
	for _, o := range []WindowOptions{{}, {Stride: 2}, {Keep: true}, {Stride: 2, Keep: true}, {Agree: Agree{1, 2}, Stride: 2}} {
		w, err := NewWindows(compile(t, counter()), o)
		if err != nil {
			t.Fatal(err)
		}
		x := spike.NewTrain(1, 2)
		x.At(0).Set(1)
		var words []string
		for step := range 12 {
			if step == 5 {
				if err := w.Replace(compile(t, mirrored()), o); err != nil {
					t.Fatal(err)
				}
			}
			decisions, err := w.Step(x, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range decisions {
				word := fmt.Sprintf("%d:%s:%d", d.Window, d.Model.Classes[d.Leading], len(d.Scores))
				words = append(words, word+d.Below)
			}
		}
		expected := []string{"0:right:2", "1:right:2", "2:right:3"}
		switch {
		case o.Agree.Of > 0:
			expected = []string{"0:right:2", "1:right:2", "2:right:2agree", "3:right:3", "4:right:3"}
		case o.Stride == 2 && o.Keep: // windows 1 and 2 were open when it came
			expected = []string{"0:right:2", "1:right:2", "3:right:3", "4:right:3"}
		case o.Stride == 2:
			expected = []string{"0:right:2", "1:right:2", "2:right:2", "3:right:3", "4:right:3"}
		}
		if !slices.Equal(words, expected) {
			t.Errorf("%+v: %v, expected %v", o, words, expected)
		}
	}
}

func TestReplaceRefuses(t *testing.T) {
	w, err := NewWindows(compile(t, counter()), WindowOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wide := counter()
	wide.Input.Shape, wide.Layers[0].In, wide.Layers[0].Weight = []int{3}, []int{3}, model.Matrix(2, 3, make([]float32, 6))
	if err := w.Replace(compile(t, wide), WindowOptions{}); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("another input: error %v", err)
	}
	long := counter()
	long.Steps = 5
	if err := w.Replace(compile(t, long), WindowOptions{}); err == nil || !strings.Contains(err.Error(), "windows of 5 steps at a stride of 5, expected those of before, 4 at 4") {
		t.Errorf("longer windows: error %v", err)
	}
	if err := w.Replace(compile(t, counter()), WindowOptions{Margin: -1}); err == nil {
		t.Error("a margin below 0 is taken")
	}
	if err := new(Windows).Replace(compile(t, counter()), WindowOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Replace of nothing: %v", err)
	}
}

// TestMonitor looks at a run from another goroutine while it waits.
func TestMonitor(t *testing.T) {
	m := counter()
	w, err := NewWindows(compile(t, m), WindowOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, sensor := io.Pipe()
	notices := make(chan Notice, 10)
	in, err := NewInput(r, m, InputOptions{Silence: 20 * time.Millisecond, Notify: func(n Notice) { notices <- n }})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var monitor Monitor
	if monitor.Alive() || monitor.Summary() != (Summary{}) {
		t.Error("a monitor of nothing is alive")
	}
	decided, ended := make(chan bool), make(chan error)
	go func() {
		_, err := Run(t.Context(), in, w, Handler{Monitor: &monitor, Decide: func(Decision) error { decided <- true; return nil }})
		ended <- err
	}()
	if _, err := io.WriteString(sensor, left); err != nil {
		t.Fatal(err)
	}
	<-decided
	if n := <-notices; n.Kind != NoticeSilent || !strings.HasPrefix(n.Text, "nothing has arrived for ") {
		t.Errorf("%+v, expected a silence", n)
	}
	if s := monitor.Summary(); s.Decisions != 1 || s.Steps != 4 || s.Events != 4 || !monitor.Alive() || !monitor.Alive() {
		t.Errorf("%+v", s)
	}
	if _, err := io.WriteString(sensor, right); err != nil {
		t.Fatal(err)
	}
	<-decided
	if n := <-notices; n.Kind != NoticeSilent || !strings.HasPrefix(n.Text, "the input is back after ") {
		t.Errorf("%+v, expected the end of a silence", n)
	}
	sensor.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestSlowLinesAreNoLag compares no clocks where a line had to be waited for.
func TestSlowLinesAreNoLag(t *testing.T) {
	m := counter()
	w, err := NewWindows(compile(t, m), WindowOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewInput(strings.NewReader(""), m, InputOptions{Jitter: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, idle := range []bool{false, true} {
		r := run{Monitor: new(Monitor), in: in, windows: w, start: time.Now()}
		r.count(Frame{})
		r.compare(Frame{EndUS: 1000})
		time.Sleep(20 * time.Millisecond)
		r.count(Frame{idle: idle})
		r.compare(Frame{EndUS: 2000})
		if late := r.lag.last > 15*time.Millisecond; late == idle {
			t.Errorf("waited for %v: a lag of %v", idle, r.lag.last)
		}
	}
}
