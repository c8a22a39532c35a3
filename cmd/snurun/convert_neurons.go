//go:build !board

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
)

// neuronFlags are what frameworks know of their neurons and do not write into NIR
// files: one value, or one for each layer of neurons.
type neuronFlags struct {
	spikes          []string
	normInput       []bool
	tauSyn, minVMem []float64
	graded          []float64
}

func (n *neuronFlags) register(f *pflag.FlagSet) {
	f.StringSliceVar(&n.spikes, "spikes", nil, "most `spikes` a neuron fires in a step: a number, or many (default 1, of Sinabs and Rockpool many)")
	f.BoolSliceVar(&n.normInput, "norm-input", nil, "Sinabs' norm_input: `whether` what comes into a LIF is scaled by 1 − exp(−1/tau_mem) (default true)")
	f.Float64SliceVar(&n.tauSyn, "tau-syn", nil, "Sinabs' tau_syn, in `steps`, which its files do not have (0: no synapse)")
	f.Float64SliceVar(&n.minVMem, "min-v-mem", nil, "Sinabs' min_v_mem: `lowest` membrane, 0 or less")
	f.Float64SliceVar(&n.graded, "graded", nil, "snnTorch's graded_spikes_factor: the `value` of a spike")
}

// nir returns what the flags say of a NIR file.
func (o *convertOptions) nir() (nir.Options, error) {
	n := &o.neurons
	options := nir.Options{
		From: nir.Framework(o.from), Dt: float64(o.dt), Step: model.FromMicros(o.bin.us()), Steps: o.steps,
		NormInput: n.normInput, TauSyn: n.tauSyn, MinVMem: n.minVMem, Graded: n.graded,
	}
	for _, r := range o.reset {
		if !slices.Contains(nir.Resets(), nir.Reset(r)) {
			return options, usagef("--reset is %q, expected %s", r, either(nir.Resets()))
		}
		options.Resets = append(options.Resets, nir.Reset(r))
	}
	for _, text := range n.spikes {
		most, err := strconv.Atoi(text)
		if text == "many" {
			most, err = nir.Many, nil
		} else if most < 1 {
			err = strconv.ErrRange
		}
		if err != nil {
			return options, usagef("--spikes is %q, expected a number of at least 1, or many", text)
		}
		options.Spikes = append(options.Spikes, most)
	}
	return options, nil
}

// either lists words with "or" before the last.
func either[S ~string](words []S) string {
	var s []string
	for _, w := range words {
		s = append(s, string(w))
	}
	last := len(s) - 1
	return fmt.Sprintf("%s or %s", strings.Join(s[:last], ", "), s[last])
}
