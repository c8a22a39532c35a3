package train

import (
	"fmt"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// LossKind names what training minimises.
type LossKind string

// The losses of one sample, over the scores z of its readout.
const (
	CrossEntropy LossKind = "cross_entropy" // −ln softmax(Scale·z) of the class
	MSE          LossKind = "mse"           // mean over outputs of (z/T − target)², target 1 for the class, else 0

	// BinaryCrossEntropy is that of a set of outputs, each of which belongs to it with
	// probability σ(z), on its own: the sum over outputs of −ln σ(z) for those in the set
	// and −ln(1 − σ(z)) for the others (readout step_set).
	BinaryCrossEntropy LossKind = "binary_cross_entropy"
)

// Loss is the loss of a sample. The scores are those of the readout, so that
// what is trained is what classifies: summed spikes or summed membranes, or the
// largest membrane. For membrane_sum, cross-entropy is of their mean over time.
//
// With a decision a step, z are the membranes of a step and T is 1; the loss is the mean
// over all steps of the samples of an update that have a target.
type Loss struct {
	Kind  LossKind
	Scale float64 // of spike counts in the softmax; membranes count as they are
	// Prefix adds, with this factor, the mean over t of the cross-entropy of the
	// first t steps, so that a decision can be made early (membrane_sum).
	Prefix float64
	// Smoothing moves this share of the target from the class to all classes.
	Smoothing float64
	// Metabolic is the factor of Σ_j (Σ_t y_j)² / (steps·outputs) over the
	// readout's spikes (the blog's metabolic cost: 0.01).
	Metabolic float64
}

func (l Loss) validate() error {
	switch l.Kind {
	case CrossEntropy, MSE, BinaryCrossEntropy:
	default:
		return fmt.Errorf("loss %q is unknown, expected cross_entropy, binary_cross_entropy or mse", l.Kind)
	}
	for _, p := range []struct {
		name     string
		value    float64
		from, to float64
	}{
		{"scale", l.Scale, 0, 1e6}, {"prefix", l.Prefix, 0, 1e6},
		{"smoothing", l.Smoothing, 0, 1}, {"metabolic", l.Metabolic, 0, 1e6},
	} {
		if !(p.value >= p.from && p.value <= p.to) {
			return fmt.Errorf("loss %s: %s is %v, expected %v to %v", l.Kind, p.name, p.value, p.from, p.to)
		}
	}
	return nil
}

// check reports what the loss has no gradient for over a readout.
func (l Loss) check(readout model.ReadoutKind) error {
	switch {
	case l.Kind == CrossEntropy && readout == model.StepSet:
		return fmt.Errorf("loss cross_entropy is of one class, and readout %s decides on a set: loss binary_cross_entropy or mse may be meant", readout)
	case l.Kind == BinaryCrossEntropy && readout != model.StepSet:
		return fmt.Errorf("loss binary_cross_entropy is of sets: it needs readout step_set, not %s", readout)
	case l.Smoothing != 0 && readout == model.StepSet:
		return fmt.Errorf("label smoothing is of classes: readout %s decides on sets", readout)
	case l.Kind == MSE && readout != model.SpikeCount && !readout.EachStep():
		return fmt.Errorf("loss mse is of rates: it needs readout spike_count, or one with a decision a step, not %s", readout)
	case l.Metabolic != 0 && readout != model.SpikeCount:
		return fmt.Errorf("the metabolic cost is of output spikes: it needs readout spike_count, not %s", readout)
	case l.Prefix != 0 && readout != model.MembraneSum:
		return fmt.Errorf("the loss of prefixes needs readout membrane_sum, not %s", readout)
	}
	return nil
}

// lossState is the scratch of one sample's loss.
type lossState struct {
	Loss
	readout layer.Readout
	steps   int
	prefix  []float32 // running scores
	softmax []float32
	gather  []float32
}

func newLossState(l Loss, readout model.ReadoutKind, classes, steps int) *lossState {
	return &lossState{
		Loss: l, readout: layer.NewReadout(readout, classes), steps: steps, prefix: make([]float32, classes),
		softmax: make([]float32, classes), gather: make([]float32, classes),
	}
}

// gradient returns the loss of the steps that the last layer ran last and sets
// row t of grad, of width n, to its derivative by the layer's output at step t
// times scale. It reports whether the class would be right.
func (ls *lossState) gradient(st *layer.State, label int, grad []float32, n int, scale float32) (loss float64, right bool) {
	ls.readout.Reset()
	ls.readout.Add(st)
	scores, best := ls.readout.Scores, 0
	for j, z := range scores {
		if z > scores[best] {
			best = j
		}
	}
	switch {
	case ls.Kind == MSE:
		loss = ls.mse(label, grad, n, scale)
	case ls.readout.Kind == model.MembraneSum:
		loss = ls.membraneMean(st, label, grad, n, scale)
	case ls.readout.Kind == model.MembraneMax:
		loss = ls.crossEntropy(scores, 1, label)
		clear(grad)
		for j, g := range ls.softmax {
			grad[ls.readout.Peaks[j]*n+j] = scale * g
		}
	default:
		factor := float32(ls.Scale)
		loss = ls.crossEntropy(scores, factor, label)
		for j, g := range ls.softmax {
			g = float32(factor * g)
			for t := range ls.steps {
				grad[t*n+j] = scale * g
			}
		}
	}
	if ls.Metabolic > 0 {
		loss += ls.metabolic(grad, n, scale)
	}
	return loss, best == label
}

// stepGradients sets the loss of the steps of s that count, and row t of grad to its
// derivative by the membranes at step t, times scale.
func (ls *lossState) stepGradients(s *sample, st *layer.State, grad []float32, n int, scale float32) {
	s.lossValue, s.right, s.of, s.counted = 0, 0, 0, 0
	for k := range s.steps {
		row := grad[k*n:][:n]
		step := s.start + k
		if !s.targets.Counts(step) {
			clear(row)
			continue
		}
		s.counted++
		z := st.Membrane(k + 1)
		if s.targets.Classes != nil {
			s.lossValue += ls.stepClass(s, z, s.targets.Classes[step], row, scale)
		} else {
			s.lossValue += ls.stepSet(s, z, s.targets.Sets.At(step), row, scale)
		}
	}
}

// stepClass is the loss of a step whose target is a class.
func (ls *lossState) stepClass(s *sample, z []float32, class int, grad []float32, scale float32) (loss float64) {
	best := 0
	for j, v := range z {
		if v > z[best] {
			best = j
		}
	}
	s.of++
	if best == class {
		s.right++
	}
	if ls.Kind == MSE {
		spread := float32(ls.Smoothing) / float32(len(z))
		return ls.stepSquares(z, grad, scale, func(j int) float32 {
			if j == class {
				return spread + (1 - float32(ls.Smoothing))
			}
			return spread
		})
	}
	loss = ls.crossEntropy(z, 1, class)
	for j, g := range ls.softmax {
		grad[j] = scale * g
	}
	return loss
}

// stepSet is the loss of a step whose target is a set.
func (ls *lossState) stepSet(s *sample, z []float32, set spike.Vector, grad []float32, scale float32) float64 {
	for j, v := range z {
		in := set.Get(j)
		if in || v > 0 {
			s.of++
		}
		if in && v > 0 {
			s.right++
		}
	}
	target := func(j int) float32 {
		if set.Get(j) {
			return 1
		}
		return 0
	}
	if ls.Kind == MSE {
		return ls.stepSquares(z, grad, scale, target)
	}
	for j, v := range z {
		grad[j] = scale * (asm.Sigmoid(v) - target(j))
	}
	return evaluate.SetNLL(z, set)
}

// stepSquares is the mean squared distance of the membranes of a step from their targets.
func (ls *lossState) stepSquares(z, grad []float32, scale float32, target func(j int) float32) (loss float64) {
	outputs := float32(len(z))
	for j, v := range z {
		d := v - target(j)
		loss += float64(float32(d*d) / outputs)
		grad[j] = float32(scale*2*d) / outputs
	}
	return loss
}

// crossEntropy returns −Σ target·ln softmax(factor·z) and leaves its
// derivative by factor·z in softmax.
func (ls *lossState) crossEntropy(z []float32, factor float32, label int) float64 {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	var total float32
	for j, v := range z {
		e := asm.Exp(float32(factor * (v - top)))
		ls.softmax[j] = e
		total += e
	}
	logTotal := det.Log(float64(total))
	spread := ls.Smoothing / float64(len(z))
	loss := 0.0
	for j, v := range z {
		target := spread
		if j == label {
			target += 1 - ls.Smoothing
		}
		loss += float64(target * (logTotal - float64(float32(factor*(v-top)))))
		ls.softmax[j] = float32(ls.softmax[j]/total) - float32(target)
	}
	return loss
}

// membraneMean is the cross-entropy of the mean membrane and of its prefixes.
func (ls *lossState) membraneMean(st *layer.State, label int, grad []float32, n int, scale float32) float64 {
	T := float32(ls.steps)
	loss := ls.crossEntropy(ls.readout.Scores, 1/T, label)
	for j, g := range ls.softmax {
		ls.gather[j] = g / T
	}
	if ls.Prefix > 0 {
		copy(ls.prefix, ls.readout.Scores)
	}
	// Step t counts in every prefix that ends at t or later: walk backwards.
	for t := ls.steps - 1; t >= 0; t-- {
		if ls.Prefix > 0 {
			k := float32(t + 1)
			weight := float32(ls.Prefix) / T
			loss += float64(float64(weight) * ls.crossEntropy(ls.prefix, 1/k, label))
			for j, g := range ls.softmax {
				ls.gather[j] += float32(weight*g) / k
			}
			for j, s := range st.Membrane(t + 1) {
				ls.prefix[j] -= s
			}
		}
		for j, g := range ls.gather {
			grad[t*n+j] = scale * g
		}
	}
	return loss
}

// mse is the mean squared distance of the rates from the target.
func (ls *lossState) mse(label int, grad []float32, n int, scale float32) float64 {
	T, outputs := float32(ls.steps), float32(len(ls.readout.Scores))
	spread := float32(ls.Smoothing) / outputs
	loss := 0.0
	for j, z := range ls.readout.Scores {
		target := spread
		if j == label {
			target += 1 - float32(ls.Smoothing)
		}
		d := z/T - target
		loss += float64(float32(d*d) / outputs)
		g := float32(scale*2*d) / float32(T*outputs)
		for t := range ls.steps {
			grad[t*n+j] = g
		}
	}
	return loss
}

// metabolic is the cost of the readout's spikes.
func (ls *lossState) metabolic(grad []float32, n int, scale float32) float64 {
	factor := float32(ls.Metabolic) / float32(ls.steps*len(ls.readout.Scores))
	cost := 0.0
	for j, z := range ls.readout.Scores {
		cost += float64(factor * float32(z*z))
		g := float32(scale * float32(2*factor*z))
		for t := range ls.steps {
			grad[t*n+j] += g
		}
	}
	return cost
}
