package main

import (
	"slices"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// joined are inputs one after the other as one source, so that files which are named
// one by one run on all threads. Each sample has the noise of its own input.
type joined struct {
	inputs []input
	places []place // of each sample
	draw   uint64
}

// place is a sample of an input.
type place struct{ input, index int }

// join joins what can be run together: inputs that the network takes and that are
// presented for as many steps, those that follow each other.
func join(inputs []input, m *model.Network, draw uint64) (runs []*joined) {
	steps := func(in input) int { return dataset.Steps(in.source, m.Steps) }
	fits := func(in input) bool {
		n, _ := model.Volume(in.source.Shape())
		return n == m.Input.Size() && !m.Readout.Kind.EachStep()
	}
	for i, in := range inputs {
		if i == 0 || !fits(in) || !fits(inputs[i-1]) || steps(in) != steps(inputs[i-1]) {
			runs = append(runs, &joined{draw: draw})
		}
		j := runs[len(runs)-1]
		for k := range in.source.Len() {
			j.places = append(j.places, place{len(j.inputs), k})
		}
		j.inputs = append(j.inputs, in)
	}
	return runs
}

// source returns what is joined as a source: itself, or the one input.
func (j *joined) source() dataset.Source {
	if len(j.inputs) == 1 {
		return j.inputs[0].source
	}
	return j
}

// of returns the input that sample i is of, and its number there.
func (j *joined) of(i int) (in input, index int) {
	p := j.places[i]
	return j.inputs[p.input], p.index
}

// alone returns the set of sample i of a set of j, in its own input.
func (j *joined) alone(set evaluate.Set, i int) evaluate.Set {
	in, index := j.of(i)
	set.Source, set.Indices = in.source, []int{index}
	return set
}

func (j *joined) Len() int     { return len(j.places) }
func (j *joined) Shape() []int { return j.inputs[0].source.Shape() }

// Classes returns the longest list: the classes of files are those of the network,
// as far as they are known.
func (j *joined) Classes() []string {
	return slices.MaxFunc(j.inputs, func(a, b input) int { return len(a.source.Classes()) - len(b.source.Classes()) }).source.Classes()
}

func (j *joined) Label(i int) int {
	in, index := j.of(i)
	return in.source.Label(index)
}

// Length implements dataset.Lengths.
func (j *joined) Length(i int) int {
	in, index := j.of(i)
	return dataset.Length(in.source, index)
}

// Load loads sample i with the noise that it has in its own input, whatever the key.
func (j *joined) Load(dst spike.Input, i int, _ dataset.Key) error {
	in, index := j.of(i)
	return in.source.Load(dst, index, evaluate.Key(j.draw, index))
}
