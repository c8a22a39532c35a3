package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// MarginCurve is what early decisions cost and save on samples that a network
// was not trained on: its accuracy and its steps for every margin that
// runtime.Session.ClassifyEarly can be given.
type MarginCurve struct {
	Samples int
	// Commonest is how many samples the commonest class has: what an answer that
	// never changes gets right.
	Commonest int
	// ByStep tells how many samples are right after 1, 2, 3, … steps, if every
	// sample is presented for as many.
	ByStep []int
	// Points ascend by margin, and with it by steps. A point holds for all
	// margins up to its own and above that of the point before. The last one has
	// the margin +Inf: no decision is early.
	Points []MarginPoint
}

// MarginPoint is how all samples do if each waits for a lead of Margin.
type MarginPoint struct {
	Margin  float32
	Correct int
	Steps   int64 // of all samples together
}

// At returns the point that holds for a margin.
func (c MarginCurve) At(margin float32) MarginPoint {
	for _, p := range c.Points {
		if p.Margin >= margin {
			return p
		}
	}
	return MarginPoint{}
}

// Recommend returns the smallest margin from which on early decisions get at
// most the share loss of all samples less right than whole presentations; 0 if
// there is none, or if an answer that never changes would do as well.
func (c MarginCurve) Recommend(loss float64) float32 {
	best := float32(0)
	if len(c.Points) == 0 {
		return best
	}
	early := c.Points[:len(c.Points)-1]
	least := float64(c.Points[len(early)].Correct) - float64(loss*float64(c.Samples))
	if least <= float64(c.Commonest) {
		return best
	}
	for _, p := range slices.Backward(early) {
		if float64(p.Correct) < least || p.Margin <= 0 {
			break
		}
		best = p.Margin
	}
	return best
}

// rise is a step after which a sample's lead is larger than after all steps
// before: one that ends the presentation for some margins.
type rise struct {
	lead  float32
	step  int // from 1
	right bool
}

// Margins returns the curve of the samples of a set, each of which must have a
// class. Each sample runs once, whatever the number of margins; o.Margin and
// o.Timed have no effect.
func (e *Evaluator) Margins(ctx context.Context, set Set, o Options) (MarginCurve, error) {
	if err := set.Check(e.net.Model(), true); err != nil {
		return MarginCurve{}, err
	}
	o.Timed = false
	r := e.newRun(ctx, set, o)
	samples := make([][]rise, len(set.Indices))
	right := make([][]bool, len(set.Indices))
	r.present = func(w *worker, x spike.Input, out *Outcome, place int) error {
		var err error
		if samples[place], right[place], err = rises(w.session, x, out.Label); err != nil {
			err = fmt.Errorf("sample %d: %w", out.Index, err)
		}
		return err
	}
	for _, err := range r.all {
		if err != nil {
			return MarginCurve{}, err
		}
	}
	c := MarginCurve{Samples: len(set.Indices), ByStep: make([]int, r.steps), Points: sweep(samples)}
	labels := map[int]int{}
	for place, i := range set.Indices {
		labels[set.Source.Label(i)]++
		for t, yes := range right[place] {
			if yes {
				c.ByStep[t]++
			}
		}
	}
	c.Commonest = slices.Max(slices.Collect(maps.Values(labels)))
	return c, nil
}

// rises presents a sample step by step and tells after which steps it is right.
// The last rise is the end of the presentation, with a lead of +Inf: no margin
// waits longer.
func rises(s *runtime.Session, x spike.Input, label int) (all []rise, right []bool, err error) {
	s.Reset()
	last := rise{lead: float32(math.Inf(1))}
	right = make([]bool, x.Steps())
	for t := range right {
		if err = s.Step(x, t); err != nil {
			return nil, nil, err
		}
		lead := s.Lead()
		last.step, last.right = t+1, s.Result().Class == label
		right[t] = last.right
		if len(all) == 0 || lead > all[len(all)-1].lead {
			all = append(all, rise{lead, last.step, last.right})
		}
	}
	if err := s.Result().Check(); err != nil {
		return nil, nil, err
	}
	switch end := &all[len(all)-1]; {
	case end.lead == last.lead: // a single class has no second
	case end.step == last.step:
		*end = last
	default:
		all = append(all, last)
	}
	return all, right, nil
}

// sweep returns a point for every margin at which a sample waits for a later
// step than before.
func sweep(samples [][]rise) []MarginPoint {
	type change struct {
		at       float32
		from, to rise
	}
	var changes []change
	now := MarginPoint{}
	for _, s := range samples {
		now.count(s[0], 1)
		for i, r := range s[1:] {
			changes = append(changes, change{s[i].lead, s[i], r})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	var points []MarginPoint
	for i, c := range changes {
		if i == 0 || c.at > changes[i-1].at {
			now.Margin = c.at
			points = append(points, now)
		}
		now.count(c.from, -1)
		now.count(c.to, 1)
	}
	now.Margin = float32(math.Inf(1))
	return append(points, now)
}

// count adds n samples that are decided by r.
func (p *MarginPoint) count(r rise, n int) {
	p.Steps += int64(n * r.step)
	if r.right {
		p.Correct += n
	}
}
