package evaluate

import (
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// ClassNLL returns the negative log-likelihood of a class in nats,
//
//	ln Σ_j exp(z_j) − z_class
//
// with the same bits on every machine.
func ClassNLL(z []float32, class int) float64 {
	top := slices.Max(z)
	total := 0.0
	for _, v := range z {
		total += float64(asm.Exp(v - top))
	}
	return det.Log(total) - float64(z[class]-top)
}

// SetNLL returns the negative log-likelihood of a set in nats, whose outputs belong to
// it with probability σ(z_j), each on its own,
//
//	Σ_j −ln σ(z_j) for those in the set, −ln(1 − σ(z_j)) for the others
//
// with the same bits on every machine.
func SetNLL(z []float32, set spike.Vector) float64 {
	// −ln σ(w) = ln(1 + exp(−|w|)) + max(0, −w). The logarithm is taken of products, of as
	// many factors up to 2 as a float64 surely has room for.
	const factors = 1 << 9
	total, product := 0.0, 1.0
	for j, v := range z {
		w := -v
		if set.Get(j) {
			w = v
		}
		product *= 1 + float64(asm.Exp(-max(w, -w)))
		total += float64(max(0, -w))
		if (j+1)%factors == 0 {
			total, product = total+det.Log(product), 1
		}
	}
	return total + det.Log(product)
}

// Steps is what a network with a decision a step says of a sample, or what several
// samples come to. Steps without a target count nowhere.
type Steps struct {
	Counted int64   // steps with a target
	NLL     float64 // negative log-likelihood of the targets, in nats, of all steps together

	Right int64 // of classes: decisions that are the target

	// Of sets, outputs of all steps together: in the decision and in the target; in
	// the target alone; in the decision alone.
	Hits, Misses, Extra int64
}

// Accuracy returns, of classes, the share of the steps whose decision is right; of sets
// the hits as a share of all outputs that are in a decision or a target. It is NaN if there
// are none.
func (s *Steps) Accuracy() float64 {
	if all := s.Hits + s.Misses + s.Extra; all > 0 {
		return float64(s.Hits) / float64(all)
	}
	return float64(s.Right) / float64(s.Counted)
}

// MeanNLL returns the negative log-likelihood of a step in nats, NaN without steps.
func (s *Steps) MeanNLL() float64 { return s.NLL / float64(s.Counted) }

func (s *Steps) addAll(o *Steps) {
	s.Counted += o.Counted
	s.NLL += o.NLL
	s.Right += o.Right
	s.Hits += o.Hits
	s.Misses += o.Misses
	s.Extra += o.Extra
}

// add takes in the decision of a step.
func (s *Steps) add(kind model.ReadoutKind, r runtime.Result, targets dataset.Targets, step int) {
	if !targets.Counts(step) {
		return
	}
	s.Counted++
	if kind == model.StepClass {
		c := targets.Classes[step]
		s.NLL += ClassNLL(r.Scores, c)
		if r.Class == c {
			s.Right++
		}
		return
	}
	set := targets.Sets.At(step)
	s.NLL += SetNLL(r.Scores, set)
	for j, z := range r.Scores {
		switch in := set.Get(j); {
		case in && z > 0:
			s.Hits++
		case in:
			s.Misses++
		case z > 0:
			s.Extra++
		}
	}
}

// Decided are the decisions of a sample, step by step.
type Decided struct {
	Targets dataset.Targets // of no step if they are not known
	Classes []int           // of each step the largest score
	Scores  []float32       // of all steps, a row a step
	Steps   Steps
}

// Set returns the outputs of the set that was decided at a step, ascending, appended to
// dst.
func (d *Decided) Set(dst []int, step int) []int {
	for j, z := range d.Row(step) {
		if z > 0 {
			dst = append(dst, j)
		}
	}
	return dst
}

// Row returns the scores of a step.
func (d *Decided) Row(step int) []float32 {
	n := len(d.Scores) / len(d.Classes)
	return d.Scores[step*n:][:n]
}

// decide runs x and keeps every decision.
func (d *Decided) decide(s *runtime.Session, kind model.ReadoutKind, x spike.Input, targets dataset.Targets) (runtime.Result, error) {
	*d = Decided{Targets: targets, Classes: d.Classes[:0], Scores: d.Scores[:0]}
	var last runtime.Result
	for r, err := range s.Decisions(x) {
		if err != nil {
			return r, err
		}
		d.Steps.add(kind, r, targets, len(d.Classes))
		d.Classes, d.Scores = append(d.Classes, r.Class), append(d.Scores, r.Scores...)
		last = r
	}
	return last, nil
}
