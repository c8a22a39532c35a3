// Package nir reads and writes graphs of the Neuromorphic Intermediate
// Representation (NIR), the file that snnTorch, Norse, Sinabs, SpikingJelly,
// Rockpool and others exchange networks in: HDF5, with nodes such as Conv2d and
// LIF joined by edges (Pedersen et al., Nature Communications 15, 8122, 2024;
// neuroir.org).
//
// # From time constants to steps
//
// NIR describes neurons by differential equations. Read takes them to time
// steps of Δt by forward Euler, with spikes and inputs as currents that last
// one step, which is what the exporters' own simulators do:
//
//	LIF, LI     τ·v' = (v_leak − v) + R·I     l = 1 − Δt/τ    W' = (R·Δt/τ)·W
//	IF, I       v' = R·I                      l = 1           W' = R·Δt·W, or R·W if R is 1
//	CubaLIF/LI  τ_syn·i' = −i + w_in·x        α = 1 − Δt/τ_syn
//	            τ_mem·v' = (v_leak − v) + R·i l = 1 − Δt/τ_mem
//	                                          W' = (w_in·Δt/τ_syn)·(R·Δt/τ_mem)·W
//
// The membrane of a step uses the synaptic current of the same step, as in
// Norse and snnTorch; strict Euler would use the one before, a pure delay of one
// step. Sinabs, Norse and snnTorch write R = 1 for an IF neuron that adds its
// input in every step, whatever the step's length; any other R is taken by
// the letter.
//
// A bias of the node before a neuron becomes its constant current. A neuron
// fires where v > v_threshold, strictly. v_leak becomes a constant current, v_reset
// other than 0 shifts the membrane; both are exact, but for a CubaLIF only where
// they are the same. A membrane starts at v_leak.
//
// # From graphs to layers
//
// A neuron and the Linear, Affine, Conv1d or Conv2d before it become one layer,
// with a Scale between or before them multiplied into the weights. A neuron
// without weights before it, or with several inputs, gets a weight of 1 for
// each input. Several edges into a node add up. A neuron that feeds itself
// through Linear, Affine, Scale and Identity, flat or in a subgraph, becomes a recurrent layer:
// its spikes arrive one step later. Conv1d is a Conv2d of height 1. A Flatten
// costs nothing unless a convolution follows, an Identity nothing. The readout is spike_count if the
// last layer spikes, else membrane_sum.
//
// Anything that cannot run exactly so is an ErrUnsupported that names the node.
package nir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/model"
)

// The kinds of error of a NIR file.
var (
	// ErrMalformed: the file is no HDF5 file, is damaged, or is not laid out as
	// a NIR graph.
	ErrMalformed = errors.New("malformed NIR file")
	// ErrUnsupported: a node, a combination of nodes or a feature of HDF5 that
	// has no exact counterpart here; or a layer that NIR cannot express.
	ErrUnsupported = errors.New("unsupported")
	// ErrLimit: the graph or its network would be larger than a model file may
	// be.
	ErrLimit = errors.New("NIR graph exceeds a limit")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// Reset says what a spike does to the membrane, which NIR files leave open: by
// NIR's equations it becomes v_reset, but exporters also write neurons that
// subtract the threshold.
type Reset string

// The resets.
const (
	ResetZero     Reset = "zero"     // v becomes v_reset: NIR, Norse, SpikingJelly
	ResetSubtract Reset = "subtract" // the threshold is subtracted at once: Sinabs, Rockpool, snnTorch with reset_delay=False
	ResetDelayed  Reset = "delayed"  // the threshold is subtracted after the next decay: snnTorch's default
	ResetNone     Reset = "none"     // nothing
	// The membrane of the step after a spike is v_reset, whatever comes in: snnTorch's
	// reset_mechanism="zero" of Synaptic, RLeaky, RSynaptic and Lapicque.
	ResetRefractory Reset = "refractory"
	// The threshold is subtracted at once, and a neuron still above it does not fire
	// again at once: what ResetSubtract is for snnTorch. In metadata alone.
	resetLagged Reset = "lagged"
)

// Resets lists the resets.
func Resets() []Reset {
	return []Reset{ResetZero, ResetSubtract, ResetDelayed, ResetNone, ResetRefractory}
}

// Options say what a NIR file does not. The zero value of each field stands for
// a guess that Import reports.
//
// What belongs to neurons is one value for all, or one for each of the nodes of
// neurons with a membrane, in the order in which they come.
type Options struct {
	From    Framework     // who wrote the file, and so what its neurons do
	Dt      float64       // length of a time step in the graph's unit of time, seconds
	Step    model.Millis  // length of a time step of the input, if it is not Dt
	Reset   Reset         // of every neuron that spikes
	Resets  []Reset       // in place of Reset, one each; of a node that does not spike none
	Encoder model.Encoder // of the input; a BinUS of 0 stands for Step
	Steps   int           // default presentation

	// What the frameworks know and their files do not.

	Spikes    []int     // the most spikes a step, Many for no bound: Sinabs' spike_fn, Rockpool's max_spikes_per_dt
	NormInput []bool    // Sinabs' norm_input of LIF: input times 1 − exp(−Δt/τ)
	TauSyn    []float64 // Sinabs' tau_syn, in steps; 0 without
	MinVMem   []float64 // Sinabs' min_v_mem, −Inf without
	Graded    []float64 // snnTorch's graded_spikes_factor: the value of a spike
}

// Many spikes a step stand for ⌊v/θ⌋ of them, as many as fit into the membrane.
const Many = -1

// Import is a network read from a NIR file and what had to be assumed.
type Import struct {
	Network     *model.Network
	Assumptions []string // choices that the file leaves open and the options may make
	Warnings    []string // choices that may well be wrong, and what was left out
}

func (im *Import) assume(format string, args ...any) {
	im.Assumptions = append(im.Assumptions, fmt.Sprintf(format, args...))
}

func (im *Import) warn(format string, args ...any) {
	im.Warnings = append(im.Warnings, fmt.Sprintf(format, args...))
}

// Read reads a NIR file. The network is valid. An error is an ErrMalformed,
// ErrUnsupported, ErrLimit or model.ErrInvalid; it names the node, what was
// found and what was expected.
func Read(data []byte, o Options) (*Import, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	f, err := hdf5.Open(data)
	if err != nil {
		return nil, fileError(err)
	}
	g, err := readFile(f)
	if err != nil {
		return nil, err
	}
	im := &Import{}
	if err := g.prune(im); err != nil {
		return nil, err
	}
	if err := g.cutLoops(); err != nil {
		return nil, err
	}
	return im, build(im, g, o)
}

// ReadFile is Read for a named file.
func ReadFile(name string, o Options) (*Import, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, export.DefaultBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > export.DefaultBytes {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", name, ErrLimit, export.DefaultBytes)
	}
	im, err := Read(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return im, nil
}

// Remarks says what a NIR file of n for a framework has in another way than n, or what
// its reader must be told, one sentence each: encoders of signals, integer weights and
// resets by subtraction, which NIR does not have, and weights that are scaled for the sake of snnTorch.
func Remarks(n *model.Network, to Framework) (remarks []string) {
	if n.HasIntegers() {
		remarks = append(remarks, "NIR has no integer weights: they are written as the float32 numbers that they stand for, each scaled before it is summed, so that sums differ in their last bits")
	}
	if c := n.Input.Encoder.Coding; c.Signals() || c == model.Sounds {
		remarks = append(remarks, fmt.Sprintf("NIR has no encoder %s: the graph takes spikes, which whoever runs it must make as docs/FORMAT.md says, with the parameters that snurun inspect --json tells", c))
	}
	var resets []Reset
	scaled := false
	for i := range n.Layers {
		l := &n.Layers[i]
		if !l.HasNeurons() || l.Output != model.Step {
			continue
		}
		if r := resetOf(l); r != "" && r != ResetZero && r != ResetNone && !slices.Contains(resets, r) {
			resets = append(resets, r)
		}
		scaled = scaled || to == SnnTorch && widen(l.Bias).differs()
	}
	if resets != nil {
		remarks = append(remarks, fmt.Sprintf("NIR's neurons are reset to v_reset: that the reset is %v stands in the metadata of the nodes, where snurun reads it; any other reader must be told, as docs/CONVERT.md says for snnTorch", resets))
	}
	if scaled {
		remarks = append(remarks, "snnTorch takes one threshold a layer: what comes into a neuron is divided by its threshold where they differ, so that membranes are in units of it")
	}
	return remarks
}

// Write writes n as a NIR file, which keeps the neurons and their connections,
// and Δt in the graph's metadata; encoder, readout, class names and self-test have
// no place in it. A network that NIR cannot express is an ErrUnsupported that
// names the layer, one that makes no sense a model.ErrInvalid.
//
// A reset by subtraction stands in the metadata of the nodes, which other readers do not
// heed.
//
// Neurons that leak and spike are CubaLIF nodes with τ_syn = Δt, w_in = 1 and R =
// τ/Δt, which both Norse and snnTorch read as they are meant, and of which reading
// gives back the same network.
func Write(w io.Writer, n *model.Network) error { return WriteFor(w, n, "") }

// WriteFor is Write for a framework: Norse or SnnTorch, which refuses by name what
// its import does not take, or NIR, of which neurons that leak and spike are LIF
// nodes with R = 1 and weights times τ/Δt, for any other reader.
func WriteFor(w io.Writer, n *model.Network, to Framework) error {
	root, err := encode(n, to)
	if err != nil {
		return err
	}
	_, err = root.WriteTo(w)
	return err
}

// WriteFile writes n to the named file, all or nothing.
func WriteFile(name string, n *model.Network) error { return WriteFileFor(name, n, "") }

// WriteFileFor is WriteFor to the named file, all or nothing.
func WriteFileFor(name string, n *model.Network, to Framework) error {
	var b bytes.Buffer
	if err := WriteFor(&b, n, to); err != nil {
		return err
	}
	return atomicfile.Write(name, func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

func (o *Options) check() error {
	switch {
	case !(o.Dt >= 0) || o.Dt-o.Dt != 0:
		return fmt.Errorf("nir: dt is %v, expected a finite time of 0 or more", o.Dt)
	case !(o.Step >= 0) || o.Step-o.Step != 0:
		return fmt.Errorf("nir: the length of a step is %v ms, expected a finite time of 0 or more", o.Step)
	}
	for _, r := range append(o.Resets, o.Reset) {
		if r != "" && !slices.Contains(Resets(), r) {
			return fmt.Errorf("nir: reset %q is unknown, expected one of %v", r, Resets())
		}
	}
	for _, n := range o.Spikes {
		if n != Many && (n < 1 || n > model.MaxSpikes) {
			return fmt.Errorf("nir: %d spikes a step, expected 1 to %d, or Many (%d)", n, model.MaxSpikes, Many)
		}
	}
	for _, p := range []struct {
		name   string
		values []float64
		fits   func(x float64) bool
		want   string
	}{
		{"tau_syn", o.TauSyn, func(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }, "a finite time of 0 or more"},
		{"min_v_mem", o.MinVMem, func(x float64) bool { return x <= 0 }, "0 or less"},
		{"the value of a spike", o.Graded, func(x float64) bool { return float32(x) != 0 && float32(x)-float32(x) == 0 }, "a finite number other than 0"},
	} {
		for _, x := range p.values {
			if !p.fits(x) {
				return fmt.Errorf("nir: %s is %v, expected %s", p.name, x, p.want)
			}
		}
	}
	return o.From.check()
}

// fileError gives an error of package hdf5 one of this package's kinds.
func fileError(err error) error {
	switch {
	case errors.Is(err, hdf5.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, hdf5.ErrLimit):
		return fmt.Errorf("%w: %w", ErrLimit, err)
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
