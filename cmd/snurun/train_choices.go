//go:build !board

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/train"
)

// The groups of the flags of train, in the order of its help.
const (
	groupData     = "Data"
	groupNetwork  = "Network"
	groupStart    = "First weights"
	groupLoss     = "Loss and gradient"
	groupLearning = "Learning"
	groupNoise    = "Against overfitting"
	groupCost     = "Sparse and small"
	groupRun      = "The run"
)

var groups = []string{groupData, groupNetwork, groupStart, groupLoss, groupLearning, groupNoise, groupCost, groupRun}

// A choice is a flag of train whose value a recipe chooses.
type choice struct {
	flag, group string
	// of returns the value in a setup, as the flag takes it; "" if it has no meaning
	// there.
	of func(p *train.Setup) string
}

func number[T float64 | float32](x T) string {
	bits := 64
	if _, ok := any(x).(float32); ok {
		bits = 32
	}
	return strconv.FormatFloat(float64(x), 'g', -1, bits)
}

// when returns text if ok, else "".
func when(ok bool, text string) string {
	if ok {
		return text
	}
	return ""
}

// choices are all that a setup consists of, but for the data: what is given for
// each of them trains the same network, whatever a recipe comes to mean.
var choices = []choice{
	{"steps", groupData, func(p *train.Setup) string { return strconv.Itoa(p.Topology.Steps) }},
	{"rate-hz", groupData, func(p *train.Setup) string {
		e := p.Topology.Input.Encoder
		return when(e.Coding == model.Poisson, number(e.RateHz))
	}},
	{"threshold", groupData, func(p *train.Setup) string {
		e := p.Topology.Input.Encoder
		switch {
		case e.Coding != model.Poisson && e.Coding != model.Latency:
			return ""
		case e.Threshold == nil:
			return none
		}
		return number(*e.Threshold)
	}},
	{"filters", groupData, func(p *train.Setup) string {
		d := p.Sound
		return when(takesSound(p), fmt.Sprintf("hz=%d,hop=%d,bands=%d,levels=%d", d.SampleHz, d.Hop, d.Bands, d.Levels))
	}},
	{"delta", groupData, func(p *train.Setup) string {
		e := p.Topology.Input.Encoder
		return when(e.Coding == model.Series, number(p.Delta)+when(e.Difference, ",difference"))
	}},
	{"held", groupData, func(p *train.Setup) string { return number(p.Held) }},
	{"skip-steps", groupData, func(p *train.Setup) string {
		return when(p.Topology.Readout.EachStep(), strconv.Itoa(p.Judging.Skip))
	}},
	{"unlabelled", groupData, func(p *train.Setup) string {
		switch {
		case !p.Topology.Readout.EachStep():
			return ""
		case p.Judging.Unlabelled == nil:
			return "-1"
		}
		return strconv.Itoa(*p.Judging.Unlabelled)
	}},
	{"planes", groupNetwork, func(p *train.Setup) string {
		var planes []string
		for _, plane := range p.Topology.Planes {
			planes = append(planes, plane.String())
		}
		return cmp.Or(strings.Join(planes, ","), none)
	}},
	{"hidden", groupNetwork, func(p *train.Setup) string { return cmp.Or(p.Topology.HiddenString(), none) }},
	{"activation", groupNetwork, func(p *train.Setup) string { return string(p.Topology.Activation) }},
	{"slope", groupNetwork, func(p *train.Setup) string {
		return when(p.Topology.Activation == model.LeakyReLU, number(p.Topology.Slope))
	}},
	{"reset", groupNetwork, func(p *train.Setup) string { return string(p.Topology.Reset) }},
	{"soft", groupNetwork, func(p *train.Setup) string { return strconv.FormatBool(p.Topology.Soft) }},
	{"recurrent", groupNetwork, func(p *train.Setup) string { return strconv.FormatBool(p.Topology.Recurrent) }},
	{"readout", groupNetwork, func(p *train.Setup) string { return string(p.Topology.Readout) }},
	{"decay", groupStart, func(p *train.Setup) string { return number(p.Topology.Decay) }},
	{"decay-spread", groupStart, func(p *train.Setup) string { return number(p.Topology.DecaySpread) }},
	{"readout-decay", groupStart, func(p *train.Setup) string { return number(p.Topology.ReadoutDecay) }},
	{"bias", groupStart, func(p *train.Setup) string { return number(p.Topology.Bias) }},
	{"bias-spread", groupStart, func(p *train.Setup) string { return number(p.Topology.BiasSpread) }},
	{"first-weights", groupStart, func(p *train.Setup) string { return string(p.Topology.Init) }},
	{"gain", groupStart, func(p *train.Setup) string { return when(p.Topology.Init == train.Firing, number(p.Topology.Gain)) }},
	{"active", groupStart, func(p *train.Setup) string {
		return when(p.Topology.Init == train.Firing, number(p.Topology.Active))
	}},
	{"active-hidden", groupStart, func(p *train.Setup) string {
		return when(p.Topology.Init == train.Firing, number(p.Topology.ActiveHidden))
	}},
	{"recurrent-gain", groupStart, func(p *train.Setup) string { return when(p.Topology.Recurrent, number(p.Topology.RecurrentGain)) }},
	{"prior", groupStart, func(p *train.Setup) string { return when(p.Topology.Readout.EachStep(), strconv.FormatBool(p.Prior)) }},
	{"loss", groupLoss, func(p *train.Setup) string { return string(p.Config.Loss.Kind) }},
	{"scale", groupLoss, func(p *train.Setup) string {
		return when(p.Topology.Readout == model.SpikeCount && p.Config.Loss.Kind == train.CrossEntropy, number(p.Config.Loss.Scale))
	}},
	{"prefix-loss", groupLoss, func(p *train.Setup) string { return number(p.Config.Loss.Prefix) }},
	{"smoothing", groupLoss, func(p *train.Setup) string { return number(p.Config.Loss.Smoothing) }},
	{"metabolic", groupLoss, func(p *train.Setup) string { return number(p.Config.Loss.Metabolic) }},
	{"class-weights", groupLoss, func(p *train.Setup) string { return weightsText(p.Config.ClassWeights) }},
	{"surrogate", groupLoss, func(p *train.Setup) string { return p.Config.Surrogate.String() }},
	{"detach-reset", groupLoss, func(p *train.Setup) string { return strconv.FormatBool(p.Config.DetachReset) }},
	{"clip", groupLoss, func(p *train.Setup) string { return number(p.Config.Clip) }},
	{"error-clip", groupLoss, func(p *train.Setup) string { return when(p.Topology.Recurrent, number(p.Config.ErrorClip)) }},
	{"window", groupLoss, func(p *train.Setup) string {
		return when(p.Topology.Readout.EachStep(), strconv.Itoa(p.Config.Window))
	}},
	{"epochs", groupLearning, func(p *train.Setup) string { return strconv.Itoa(p.Config.Epochs) }},
	{"batch", groupLearning, func(p *train.Setup) string { return strconv.Itoa(p.Config.Batch) }},
	{"optimizer", groupLearning, func(p *train.Setup) string { return string(p.Config.Optimizer.Kind) }},
	{"lr", groupLearning, func(p *train.Setup) string { return number(p.Config.Optimizer.Rate) }},
	{"momentum", groupLearning, func(p *train.Setup) string {
		return when(p.Config.Optimizer.Kind == train.SGD, number(p.Config.Optimizer.Momentum))
	}},
	{"schedule", groupLearning, func(p *train.Setup) string {
		s := p.Config.Schedule
		if s.Kind == train.Halving {
			return fmt.Sprintf("%s:%d", s.Kind, s.Every)
		}
		return string(s.Kind)
	}},
	{"warmup", groupLearning, func(p *train.Setup) string { return number(p.Config.Schedule.Warmup) }},
	{"recurrent-rate", groupLearning, func(p *train.Setup) string { return when(p.Topology.Recurrent, number(p.Config.RecurrentRate)) }},
	{"decay-rate", groupLearning, func(p *train.Setup) string {
		return when(p.Config.Decay != train.Fixed, number(p.Config.DecayRate))
	}},
	{"decay-training", groupLearning, func(p *train.Setup) string { return string(p.Config.Decay) }},
	{"theta-training", groupLearning, func(p *train.Setup) string {
		return when(p.Topology.Reset == model.ResetSubtract, string(p.Config.Theta))
	}},
	{"keep", groupLearning, func(p *train.Setup) string {
		if p.KeepBest {
			return "best"
		}
		return "last"
	}},
	{"seed", groupLearning, func(p *train.Setup) string { return strconv.FormatUint(p.Config.Seed, 10) }},
	{"weight-decay", groupNoise, func(p *train.Setup) string { return number(p.Config.Optimizer.WeightDecay) }},
	{"l2", groupNoise, func(p *train.Setup) string { return number(p.Config.Optimizer.L2) }},
	{"dropout", groupNoise, func(p *train.Setup) string { return number(p.Config.Dropout) }},
	{"initial-noise", groupNoise, func(p *train.Setup) string { return number(p.Config.InitialNoise) }},
	{"frozen", groupNoise, func(p *train.Setup) string { return strconv.FormatBool(p.Config.Frozen) }},
	{"shift", groupNoise, func(p *train.Setup) string { return number(p.Augment.Shift) }},
	{"rotate", groupNoise, func(p *train.Setup) string { return number(p.Augment.Rotate) }},
	{"elastic", groupNoise, func(p *train.Setup) string { return number(p.Augment.Elastic) }},
	{"transpose", groupNoise, func(p *train.Setup) string { return when(p.Transpose != 0, strconv.Itoa(p.Transpose)) }},
	{"time-jitter", groupNoise, func(p *train.Setup) string {
		c := p.Topology.Input.Encoder.Coding
		return when(c == model.Events || c.Signals(), strconv.Itoa(p.Augment.Jitter))
	}},
	{"speed", groupNoise, func(p *train.Setup) string {
		return when(takesSound(p) || p.Topology.Input.Encoder.Coding.Signals(), number(p.Augment.Speed))
	}},
	{"stretch", groupNoise, func(p *train.Setup) string {
		return when(p.Topology.Input.Encoder.Coding.Signals(), number(p.Augment.Stretch))
	}},
	{"noise", groupNoise, func(p *train.Setup) string { return when(takesSound(p), number(p.Augment.Noise)) }},
	{"delay", groupNoise, func(p *train.Setup) string { return when(takesSound(p), strconv.Itoa(p.Augment.Delay)) }},
	{"spike-cost", groupCost, func(p *train.Setup) string { return number(p.Config.SpikeCost) }},
	{"cost-ramp", groupCost, func(p *train.Setup) string { return when(p.Config.SpikeCost != 0, number(p.Config.CostRamp)) }},
	{"weights", groupCost, func(p *train.Setup) string { return string(p.Config.Weights) }},
	{"prune", groupCost, func(p *train.Setup) string { return number(p.Config.Prune) }},
}

func takesSound(p *train.Setup) bool { return p.Topology.Input.Encoder.Coding == model.Sounds }

// none is the value of flags for layers that there are none of, and for an encoder
// without a threshold.
const none = "none"

// weightsText returns the weights of classes as --class-weights takes them.
func weightsText(weights []float64) string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, number(w))
	}
	return strings.Join(parts, ",")
}

// groupOf are the groups of the flags that are no choices of a recipe.
var groupOf = map[string]string{
	"dataset": groupData, "data": groupData, "list": groupData, "test-list": groupData, "input": groupData, "bin": groupData, "bin-us": groupData, "counts": groupData,
	"speaker": groupData, "holdout": groupData, "limit": groupData, "skip-bad": groupData, "strict": groupData, "chip": groupData, "columns": groupData, "level": groupData,
	"invert": groupData, "init": groupStart,
}

// flagGroup returns the group of a flag.
func flagGroup(name string) string {
	for _, c := range choices {
		if c.flag == name {
			return c.group
		}
	}
	if g := groupOf[name]; g != "" {
		return g
	}
	return groupRun
}

// groupedFlags is the help of the flags, group by group.
func groupedFlags(flags *pflag.FlagSet) string {
	var b strings.Builder
	for _, g := range groups {
		set := pflag.NewFlagSet(g, pflag.ContinueOnError)
		flags.VisitAll(func(f *pflag.Flag) {
			if flagGroup(f.Name) == g && !f.Hidden {
				set.AddFlag(f)
			}
		})
		fmt.Fprintf(&b, "\n%s:\n%s", g, set.FlagUsages())
	}
	return b.String()
}

// showDefaults makes what the default recipe chooses the default that is printed.
func showDefaults(flags *pflag.FlagSet) {
	plan := train.Recipes()[0].Setup([]int{28, 28}, []string{"0", "1"})
	for _, c := range choices {
		if f := flags.Lookup(c.flag); f != nil {
			switch value := c.of(&plan); value {
			case "", "0", "false":
			default:
				f.DefValue = value
			}
		}
	}
}

// configuration returns all choices of the setup, a flag with its value a line: what
// --config takes.
func (o *trainOptions) configuration() string {
	lines := []string{"recipe = " + o.recipe}
	for _, c := range choices {
		value := c.of(&o.plan)
		if given := o.flags.Lookup(c.flag); c.flag == "class-weights" && given != nil && given.Value.String() == balanced {
			value = balanced // they follow from the data
		}
		if value != "" && !(o.initial != nil && (c.group == groupNetwork || c.group == groupStart)) {
			lines = append(lines, c.flag+" = "+value)
		}
	}
	return strings.Join(lines, "\n")
}

// configurationKey is the name of the configuration in a model's metadata.
const configurationKey = "configuration"

// readConfiguration sets the flags that a file names, lines "flag = value", but
// those that are given beside it. The file may be a model, whose configuration is
// that which it was trained with.
func (o *trainOptions) readConfiguration(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if m, e := export.ReadFile(file); e == nil {
		text, _ := m.Metadata[configurationKey].(string)
		if text == "" {
			return fmt.Errorf("%s: the model does not say what it was trained with, expected %s in its metadata, as train writes it", file, configurationKey)
		}
		data = []byte(text)
	}
	given := map[string]bool{}
	o.flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	set := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimLeft(strings.TrimSpace(name), "-"), strings.TrimSpace(value)
		f := o.flags.Lookup(name)
		switch {
		case !ok:
			return usagef("%s:%d: found %.60q, expected FLAG = VALUE", file, n, line)
		case f == nil || name == "config" || name == "help":
			return usagef("%s:%d: train has no flag --%s to set", file, n, name)
		case set[name] > 0:
			return usagef("%s:%d: %s is set in line %d already", file, n, name, set[name])
		}
		set[name] = n
		if given[name] {
			continue
		}
		if err := o.flags.Set(name, value); err != nil {
			return usagef("%s:%d: %s = %q: %w", file, n, name, value, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// differences names the choices in which two configurations differ, but for the
// number of epochs.
func differences(was, is string) []string {
	parse := func(text string) map[string]string {
		m := map[string]string{}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			m[name] = value
		}
		return m
	}
	a, b := parse(was), parse(is)
	var all []string
	for name, value := range a {
		if other := b[name]; other != value && name != "epochs" {
			all = append(all, fmt.Sprintf("--%s was %s and is %s", name, orNothing(value), orNothing(other)))
		}
	}
	for name, value := range b {
		if _, ok := a[name]; !ok && name != "epochs" {
			all = append(all, fmt.Sprintf("--%s was %s and is %s", name, orNothing(""), orNothing(value)))
		}
	}
	slices.Sort(all)
	return all
}

func orNothing(value string) string {
	if value == "" {
		return "not given"
	}
	return value
}
