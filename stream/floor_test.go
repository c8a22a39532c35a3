package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// counter is a network of two channels that counts the spikes of each.
func counter() *model.Network {
	return &model.Network{
		Steps: 4, Readout: model.Readout{Kind: model.SpikeCount}, Classes: []string{"left", "right"},
		Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Bias: []float32{-0.5},
		}},
	}
}

// told runs lines through counter and returns a word a decision.
func told(t *testing.T, lines string, o WindowOptions, h Handler) (words []string, s Summary) {
	t.Helper()
	m := counter()
	w, err := NewWindows(compile(t, m), o)
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewInput(strings.NewReader(lines), m, InputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	h.Decide = func(d Decision) error {
		word := fmt.Sprintf("%d:%s/%d", d.Window, m.Classes[d.Class], d.Events)
		if d.Below != "" {
			word = fmt.Sprintf("%d:-%s/%d", d.Window, d.Below, d.Events)
		}
		if d.Partial {
			word += "?"
		}
		words = append(words, word)
		return nil
	}
	s, err = Run(context.Background(), in, w, h)
	if err != nil {
		t.Fatal(err)
	}
	return words, s
}

const (
	left   = "0\n0\n0\n0\n"
	right  = "1\n1\n1\n1\n"
	faint  = "\n1\n\n\n"
	even   = "0 1\n0 1\n\n\n"
	silent = "\n\n\n\n"
)

func TestFloor(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		o           WindowOptions
		h           Handler
		expected    []string
	}{
		{"no floor names a class of silence", silent + faint, WindowOptions{}, Handler{}, []string{"0:left/0", "1:right/1"}},
		{"events", silent + faint + left, WindowOptions{Floor: model.Floor{Events: 2}}, Handler{}, []string{"0:-events/0", "1:-events/1", "2:left/4"}},
		{"score", faint + even + left, WindowOptions{Floor: model.Floor{Score: 2}}, Handler{}, []string{"0:-score/1", "1:left/4", "2:left/4"}},
		{"lead", faint + even + left, WindowOptions{Floor: model.Floor{Lead: 1}}, Handler{}, []string{"0:right/1", "1:-lead/4", "2:left/4"}},
		{"early decisions wait for the floor", right + right[:4] + left[:6], WindowOptions{Margin: 1, Rearm: true, Floor: model.Floor{Events: 3}}, Handler{}, []string{"0:right/3", "1:right/3", "2:left/3"}},
		{"agreement", left + right + right + silent + right, WindowOptions{Floor: model.Floor{Events: 1}, Agree: Agree{2, 3}}, Handler{},
			[]string{"0:-agree/4", "1:-agree/4", "2:right/4", "3:right/0", "4:right/4"}},
		{"of several the newest", left + right, WindowOptions{Agree: Agree{1, 2}}, Handler{}, []string{"0:left/4", "1:right/4"}},
		{"changes", silent + left + left + silent + silent + right, WindowOptions{Floor: model.Floor{Events: 1}}, Handler{Changes: true},
			[]string{"1:left/4", "3:-events/0", "5:right/4"}},
		{"flush", left + "1\n1\n", WindowOptions{}, Handler{Flush: true}, []string{"0:left/4", "1:right/2?"}},
		{"flush of windows that slide", left + "1\n1\n", WindowOptions{Stride: 2, Keep: true}, Handler{Flush: true},
			[]string{"0:left/4", "1:right/4", "2:right/2?"}},
		{"nothing to flush", left, WindowOptions{}, Handler{Flush: true}, []string{"0:left/4"}},
	} {
		words, s := told(t, c.lines, c.o, c.h)
		if !slices.Equal(words, c.expected) {
			t.Errorf("%s: %v, expected %v", c.name, words, c.expected)
		}
		if s.Open != 0 || !c.h.Changes && int(s.Decisions) != len(words) || !c.h.Changes && int(s.Nothing) != strings.Count(strings.Join(words, " "), ":-") {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	if _, s := told(t, left+"1\n1\n", WindowOptions{Stride: 2}, Handler{}); s.Open != 1 || s.OpenSteps != 2 || s.Windows != 3 || s.Early != 0 {
		t.Errorf("%+v, expected a window of 2 steps that is left open", s)
	}
	if _, s := told(t, left+"1\n1\n", WindowOptions{}, Handler{Flush: true}); s.Early != 0 || s.Decisions != 2 {
		t.Errorf("%+v, expected no early decision", s)
	}
}

// TestVotesAreForgotten begins anew behind a jump in time.
func TestVotesAreForgotten(t *testing.T) {
	w, err := NewWindows(compile(t, counter()), WindowOptions{Steps: 1, Agree: Agree{2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(1, 2)
	x.At(0).Set(1)
	for i, expected := range []string{BelowAgree, "", BelowAgree, ""} {
		if i == 2 {
			w.Restart()
		}
		d, err := w.Step(x, 0)
		if err != nil || len(d) != 1 || d[0].Below != expected || d[0].Leading != 1 || d[0].Events != 1 {
			t.Errorf("window %d: %+v, error %v, expected %q", i, d, err, expected)
		}
	}
}

func TestWrongFloors(t *testing.T) {
	net := compile(t, counter())
	nan := float32(0)
	nan /= nan
	for says, o := range map[string]WindowOptions{
		"floor of -1 events":        {Floor: model.Floor{Events: -1}},
		"floor of score NaN":        {Floor: model.Floor{Score: nan}},
		"floor of lead -1":          {Floor: model.Floor{Lead: -1}},
		"agreement of 0 of 3":       {Agree: Agree{0, 3}},
		"agreement of 4 of 3":       {Agree: Agree{4, 3}},
		"agreement of 1 of 1000000": {Agree: Agree{1, 1e6}},
	} {
		if _, err := NewWindows(net, o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: error %v, expected %q", o, err, says)
		}
	}
	if _, err := new(Windows).Flush(); !errors.Is(err, ErrClosed) {
		t.Errorf("Flush of nothing: %v", err)
	}
}
