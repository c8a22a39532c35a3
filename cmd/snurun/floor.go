package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/stream"
)

// floorFlag is what a live window must reach to be of a class: what is given, or
// what the model recommends.
type floorFlag struct {
	floor model.Floor
	auto  bool
	text  string
}

const autoFloor = "auto"

func (f *floorFlag) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "floor", "name no class for windows below `LEAST`: events=N,score=S,lead=L, any of them, or auto: as the model recommends")
	suggestValues(cmd, "floor", cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace, autoFloor, "events=", "score=", "lead=")
}

func (f *floorFlag) String() string { return f.text }
func (f *floorFlag) Type() string   { return "floor" }

// Set implements pflag.Value.
func (f *floorFlag) Set(text string) error {
	*f = floorFlag{auto: text == autoFloor, text: text}
	if f.auto {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		var x float64
		switch {
		case !ok:
			err = strconv.ErrSyntax
		case name == stream.BelowEvents:
			f.floor.Events, err = strconv.ParseInt(value, 10, 64)
		case name == stream.BelowScore:
			x, err = strconv.ParseFloat(value, 32)
			f.floor.Score = float32(x)
		case name == stream.BelowLead:
			x, err = strconv.ParseFloat(value, 32)
			f.floor.Lead = float32(x)
		default:
			err = strconv.ErrSyntax
		}
		if err != nil {
			return fmt.Errorf("expected %s, or some of events=N,score=S,lead=L", autoFloor)
		}
	}
	return nil
}

func (f *floorFlag) check() error {
	if err := f.floor.Check(); err != nil {
		return usagef("--floor: %w", err)
	}
	return nil
}

// of returns the floor for the model in file.
func (f *floorFlag) of(m *model.Network, file string) (model.Floor, error) {
	if !f.auto {
		return f.floor, nil
	}
	if m.Readout.Floor == (model.Floor{}) {
		return model.Floor{}, fmt.Errorf("%s recommends no floor, as --floor auto asks for: give one, such as --floor events=20,score=3", file)
	}
	return m.Readout.Floor, nil
}

// agreeFlag is how many of how many windows must name a class.
type agreeFlag struct{ stream.Agree }

func (f *agreeFlag) String() string {
	if f.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", f.Windows, f.Of)
}

func (f *agreeFlag) Type() string { return "agree" }

// Set implements pflag.Value.
func (f *agreeFlag) Set(text string) error {
	windows, of, _ := strings.Cut(text, "/")
	k, errK := strconv.Atoi(windows)
	n, errN := strconv.Atoi(of)
	if errK != nil || errN != nil || k < 1 || k > n {
		return fmt.Errorf("expected K/N such as 3/5: K of the last N windows")
	}
	f.Agree = stream.Agree{Windows: k, Of: n}
	return nil
}

// onsetFlag is how something begins.
type onsetFlag struct{ stream.Onset }

func (f *onsetFlag) String() string {
	if f.Events == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", f.Events, f.Quiet)
}

func (f *onsetFlag) Type() string { return "onset" }

// Set implements pflag.Value.
func (f *onsetFlag) Set(text string) error {
	events, quiet, _ := strings.Cut(text, "/")
	e, errE := strconv.Atoi(events)
	q, errQ := strconv.Atoi(quiet)
	if errE != nil || errQ != nil || e < 1 || q < 0 {
		return fmt.Errorf("expected E/Q such as 8/5: a step of E events behind Q steps of fewer")
	}
	f.Onset = stream.Onset{Events: e, Quiet: q}
	return nil
}
