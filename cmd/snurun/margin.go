package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/model"
)

// marginFlag is how far the leading score has to be ahead for an early
// decision: a number, 0 for none, or what the model recommends.
type marginFlag struct {
	value float64
	auto  bool
}

const autoMargin = "auto"

// add adds the flag to a command.
func (f *marginFlag) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "margin", "decide early, once the leading score is ahead by `M` (0: never; auto: as the model recommends)")
	suggestValues(cmd, "margin", cobra.ShellCompDirectiveNoFileComp, autoMargin)
}

func (f *marginFlag) String() string {
	if f.auto {
		return autoMargin
	}
	return strconv.FormatFloat(f.value, 'g', -1, 64)
}

func (f *marginFlag) Set(text string) error {
	*f = marginFlag{auto: text == autoMargin}
	if f.auto {
		return nil
	}
	var err error
	if f.value, err = strconv.ParseFloat(text, 64); err != nil {
		return fmt.Errorf("expected a number or %s", autoMargin)
	}
	return nil
}

func (f *marginFlag) Type() string { return "margin" }

func (f *marginFlag) check() error {
	if !(f.value >= 0) || f.value > math.MaxFloat32 {
		return usagef("--margin is %v, expected 0 or more, or %s", f.value, autoMargin)
	}
	return nil
}

// of returns the margin for the model in file; 0 if no decision is to be early.
func (f *marginFlag) of(m *model.Network, file string) (float32, error) {
	if m.Readout.Kind.EachStep() && (f.auto || f.value > 0) {
		return 0, usagef("--margin is for one decision, but %s decides at every step", file)
	}
	if !f.auto {
		return float32(f.value), nil
	}
	if m.Readout.Margin == 0 {
		return 0, fmt.Errorf("%s recommends no margin, as --margin auto asks for: give a number; 'snurun plot margin' shows what it costs", file)
	}
	return m.Readout.Margin, nil
}
