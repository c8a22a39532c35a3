package runtime

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// The random input of a self-test: its steps, which there may be more of as long
// as it is of so many bytes, and the share of a spiking layer's neurons, in
// sixteenths, that it should make fire. A search for it ends after so many
// synaptic operations and updates of neurons, a few seconds on one core.
const (
	selfTestSteps = 16
	selfTestBytes = 1 << 16
	selfTestShare = 4
	selfTestWork  = 1 << 32
)

// probe is a random input: one in every so many channels of a step is active,
// with a value of gain times 1 to 4 if the input is analog.
type probe struct {
	steps, every int
	gain         float32
}

// AddRandomSelfTest gives m a self-test on random input, for a network that comes
// without samples. The digest of a spiking layer holds its spikes, so it says
// nothing of a layer without any, nor of one whose neurons all fire always. The
// input is therefore the first of a fixed sequence, of other densities, of larger
// values if it is analog, and longer, up to the model's presentation and 64 KiB,
// with which a quarter of the neurons of every spiking layer fire in some steps
// and not in others; or else the one that comes nearest to that.
//
// idle lists the layers of which no neuron fires in some steps and not in others.
// The same model gets the same self-test on every machine. After an error, which
// is ErrRange if no input keeps all sums finite, and ErrInput if all have more
// events than integer weights can sum, m is as it was.
func AddRandomSelfTest(m *model.Network) (idle []int, err error) {
	n, err := Compile(m)
	if err != nil {
		return nil, err
	}
	s := n.NewSession()
	defer s.Close()
	var best reach
	var found spike.Input
	var work int64
	var refused error
	for _, p := range probes(m, n.counts > 0) {
		x := p.input(m.Input)
		if err := n.check(x, 0, p.steps); err != nil { // more events than integers can sum
			refused = err
			continue
		}
		r, err := s.reach(x)
		if err != nil {
			return nil, err
		}
		if found == nil || r.compare(best) > 0 {
			best, found = r, x
		}
		if work += s.stats.TotalSynOps() + int64(p.steps)*int64(m.Neurons()); best.full || work > selfTestWork {
			break
		}
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("%w; so had every random input tried", refused)
	case !best.finite:
		return nil, fmt.Errorf("runtime: %w on every random input tried", ErrRange)
	}
	return best.idle, n.addSelfTest(m, &model.SelfTest{Inputs: []spike.Input{found}})
}

// probes returns the inputs to try, those to be preferred first. Where events are
// counted and integers may sum few of them, the last ones become as sparse as can
// be.
func probes(m *model.Network, counted bool) []probe {
	room := selfTestBytes / (8 * spike.Words(m.Input.Size()))
	if m.Input.Encoder.Analog() {
		room = selfTestBytes / (4 * m.Input.Size())
	}
	room = max(room, 2) // so that decay and reset act
	var list []probe
	longest := min(room, max(selfTestSteps, m.Steps))
	for steps := min(selfTestSteps, room); ; steps = min(4*steps, longest) {
		list = append(list, probe{steps, 4, 1})
		if m.Input.Encoder.Analog() {
			for gain := float32(2); gain <= 1<<12; gain *= 2 {
				list = append(list, probe{steps, 4, gain})
			}
		} else {
			list = append(list, probe{steps, 2, 1}, probe{steps, 1, 1})
		}
		list = append(list, probe{steps, 16, 1}, probe{steps, 64, 1})
		if steps == longest {
			break
		}
	}
	for every := 256; counted && every/4 < m.Input.Size(); every *= 4 {
		list = append(list, probe{longest, every, 1})
	}
	return list
}

// input draws the probe for a network's input.
func (p probe) input(in model.Input) spike.Input {
	r := rand.New(rand.NewPCG(1, 2))
	every := uint32(p.every)
	x := in.New(p.steps)
	for t := range p.steps {
		for i := range in.Size() {
			k := r.Uint32()
			if k%every != 0 {
				continue
			}
			switch x := x.(type) {
			case spike.Train:
				x.At(t).Set(i)
			case spike.Values:
				x.At(t)[i] = p.gain * float32(1+k>>30)
			}
		}
	}
	return x
}

// reach is what an input does to the spiking layers of a network.
type reach struct {
	finite bool
	idle   []int // layers that do the same in every step
	share  int   // sixteenths of the neurons that fire in some steps only, up to selfTestShare a layer
	full   bool  // that share is reached in every layer
}

// compare is above 0 if r proves more than q.
func (r reach) compare(q reach) int {
	switch {
	case r.finite != q.finite && r.finite:
		return 1
	case r.finite != q.finite:
		return -1
	}
	return cmp.Or(cmp.Compare(len(q.idle), len(r.idle)), cmp.Compare(r.share, q.share))
}

// reach runs an input from the initial state.
func (s *Session) reach(x spike.Input) (reach, error) {
	counts := make([][]int, len(s.net.layers)) // steps with spikes of each neuron of a spiking layer
	for i, l := range s.net.layers {
		if l != nil && (l.Spikes() || l.Units.Output == asm.Count) {
			counts[i] = make([]int, l.Out)
		}
	}
	s.Reset()
	r := reach{finite: true}
	for t := range x.Steps() {
		if err := s.Step(x, t); err != nil {
			return r, err
		}
		for i, c := range counts {
			r.finite = r.finite && notFinite(s.Membrane(i)) < 0
			if c == nil {
				continue
			}
			for j := range s.Spikes(i).All() {
				c[j]++
			}
			for j, y := range s.Outputs(i) {
				if y != 0 {
					c[j]++
				}
			}
		}
	}
	r.full = r.finite
	for i, c := range counts {
		if c == nil {
			continue
		}
		changing := 0
		for _, k := range c {
			if k > 0 && int64(k) < s.stats.Steps {
				changing++
			}
		}
		share := min(selfTestShare, 16*changing/len(c))
		r.share += share
		r.full = r.full && share == selfTestShare
		if changing == 0 {
			r.idle = append(r.idle, i)
		}
	}
	return r, nil
}
