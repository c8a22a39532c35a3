package train

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
)

// drawing is an untrained network while its layers are added.
type drawing struct {
	Topology
	m      *model.Network
	seed   uint64
	shape  []int   // of what the last layer passes on
	active float64 // spikes of it in a step
	plans  []tensorPlan
	err    error // of the first tensor that has too many weights
}

// tensorPlan is how the weights of a layer, or its recurrent ones, are drawn.
type tensorPlan struct {
	layer  int
	stream uint64 // of random numbers, odd for recurrent weights
	sigma  float64
}

// spiking returns a layer with all that layers with spikes have in common, and
// n biases.
func (d *drawing) spiking(kind model.Kind, out []int, n int) model.Layer {
	l := model.Layer{
		Kind: kind, In: d.shape, Out: out,
		Activation: d.Activation, Slope: d.Slope, Output: model.Step, Reset: d.Reset,
		Decay: []float32{d.Decay}, Bias: repeat(d.Bias, n),
	}
	if d.Soft {
		l.Output = model.Sigmoid
	}
	if d.BiasSpread != 0 {
		k := dataset.KeyFor(d.seed, purposeBias, uint64(len(d.m.Layers)))
		for j := range l.Bias {
			l.Bias[j] += float32(d.BiasSpread * float32(2*unit(k.Uint64(uint64(j)))-1))
		}
	}
	switch {
	case d.Reset != model.ResetSubtract:
	case d.Theta != 0:
		l.Theta = []float32{d.Theta}
	case d.BiasSpread == 0:
		l.Theta = []float32{-d.Bias}
	default:
		for _, b := range l.Bias {
			l.Theta = append(l.Theta, -b)
		}
	}
	return l
}

func (d *drawing) add(l model.Layer, active float64) {
	d.m.Layers = append(d.m.Layers, l)
	d.shape, d.active = l.Out, active
}

// hidden adds a fully connected layer.
func (d *drawing) hidden(n int) {
	l := d.spiking(model.SNU, []int{n}, n)
	l.Name = fmt.Sprintf("hidden%d", len(d.m.Layers)+1)
	if d.DecaySpread > 1 {
		l.Decay = spreadDecays(d.Decay, d.DecaySpread, n)
	}
	l.Weight = d.tensor([]int{n, l.InSize()}, d.Gain/math.Sqrt(d.active))
	if d.Recurrent {
		h := d.tensor([]int{n, n}, d.RecurrentGain/math.Sqrt(float64(n)))
		l.Recurrent = &h
	}
	d.add(l, min(d.ActiveHidden, float64(n)))
}

// spreadDecays returns n decays whose time constants lie evenly in the logarithm
// around that of a decay, from a spread-th of it to spread times it.
func spreadDecays(decay float32, spread float64, n int) []float32 {
	tau, reach := -1/det.Log(float64(decay)), det.Log(spread)
	decays := make([]float32, n)
	for j := range decays {
		place := 2*(float64(j)+0.5)/float64(n) - 1
		decays[j] = float32(det.Exp(-1 / float64(tau*det.Exp(float64(reach*place)))))
	}
	return decays
}

// readout adds the last layer.
func (d *drawing) readout(classes int) {
	in := 1
	for _, n := range d.shape {
		in *= n
	}
	l := d.spiking(model.SNU, []int{classes}, classes)
	l.Name = "output"
	if d.Readout.Membranes() {
		l = model.Layer{
			Name: "readout", Kind: model.Dense, In: d.shape, Out: []int{classes},
			Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Current: repeat(0, classes),
		}
	}
	if d.ReadoutDecay > 0 && l.Kind == model.Dense {
		l.Kind, l.Decay = model.SNU, []float32{d.ReadoutDecay}
	}
	l.Weight = d.tensor([]int{classes, in}, d.Gain/math.Sqrt(d.active))
	d.add(l, 0)
}

// plane adds a convolution or a pool.
func (d *drawing) plane(p Plane) error {
	if err := p.validate(); err != nil {
		return err
	}
	if len(d.shape) != 3 {
		return fmt.Errorf("what comes in has shape %v, expected [channels height width]", d.shape)
	}
	w := model.Window{
		Kernel: [2]int{p.Kernel, p.Kernel}, Stride: [2]int{p.Stride, p.Stride},
		Padding: [2]int{p.Padding, p.Padding}, Dilation: [2]int{1, 1},
	}
	in := d.shape
	out := []int{in[0], w.Steps(0, in[1]), w.Steps(1, in[2])}
	if out[1] < 1 || out[2] < 1 {
		return fmt.Errorf("its window does not fit in %v", in)
	}
	if p.Pool == "" {
		out[0] = p.Channels
	}
	if _, err := volume(out); err != nil {
		return err
	}
	name := fmt.Sprintf("%d", len(d.m.Layers)+1)
	if p.Pool != "" {
		share := 1.0
		if p.Pool == model.SumPool {
			share = float64(p.Kernel*p.Kernel) / float64(p.Stride*p.Stride)
		}
		d.m.Layers = append(d.m.Layers, model.Layer{Name: "pool" + name, Kind: model.Pool2D, In: in, Out: out, Pool: p.Pool, Window: w})
		d.shape, d.active = out, d.active*share
		return nil
	}
	l := d.spiking(model.Conv2D, out, p.Channels)
	l.Name, l.Window, l.Groups = "conv"+name, w, 1
	seen := float64(in[0] * p.Kernel * p.Kernel)
	all := float64(in[0] * in[1] * in[2])
	l.Weight = d.tensor([]int{p.Channels, in[0], p.Kernel, p.Kernel}, d.Gain/math.Sqrt(max(1, d.active*seen/all)))
	// A neuron is as likely to fire as in a hidden layer of 256.
	d.add(l, d.ActiveHidden/256*float64(l.OutSize()))
	return nil
}

// tensor plans weights of a standard deviation. They are drawn when all layers
// are known to be small enough.
func (d *drawing) tensor(shape []int, sigma float64) model.Tensor {
	if _, err := volume(shape); err != nil && d.err == nil {
		d.err = fmt.Errorf("weights of layer %d: %w", len(d.m.Layers), err)
	}
	// The streams of random numbers count as if every layer had recurrent weights.
	stream := uint64(2 * len(d.m.Layers))
	if n := len(d.plans); n > 0 && d.plans[n-1].layer == len(d.m.Layers) {
		stream++
	}
	d.plans = append(d.plans, tensorPlan{len(d.m.Layers), stream, sigma})
	return model.Tensor{Shape: shape}
}

// draw draws the weights of all layers.
func (d *drawing) draw() {
	for _, p := range d.plans {
		l := &d.m.Layers[p.layer]
		t := &l.Weight
		if p.stream%2 != 0 {
			t = l.Recurrent
		}
		n, _ := volume(t.Shape)
		t.F32 = make([]float32, n)
		if d.Init == Glorot {
			k := dataset.KeyFor(d.seed, purposeWeights, p.stream)
			limit := math.Sqrt(6 / float64(n/t.Shape[0]+n/t.Shape[1]))
			for i := range t.F32 {
				t.F32[i] = float32(limit * (float64(2*unit(k.Uint64(uint64(i)))) - 1))
			}
			continue
		}
		noise := newNormal(d.seed, purposeWeights, p.stream)
		for i := range t.F32 {
			t.F32[i] = float32(p.sigma * noise.next())
		}
	}
}

// volume returns the number of elements of a shape.
func volume(shape []int) (int, error) {
	n, valid := model.Volume(shape)
	if !valid {
		return 0, fmt.Errorf("shape %v, expected dimensions of at least 1 with at most %d elements together", shape, model.MaxVolume)
	}
	return n, nil
}

func repeat(v float32, n int) []float32 { return model.Broadcast([]float32{v}, n) }
