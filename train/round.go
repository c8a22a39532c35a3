package train

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// WeightTraining says what numbers the weights of the trained network are.
type WeightTraining string

// The numbers that weights become.
const (
	// Float32 are the numbers that are learned.
	Float32 WeightTraining = "float32"

	// Int8 are those of model.Quantize with 8 bits, in training too: what is learned
	// are the float32 numbers w that they are rounded from, scale·q ≈ w, to which the
	// gradient by scale·q goes as it is (the straight-through estimator of Bengio et
	// al., arXiv:1308.3432; quantisation-aware training as of Jacob et al.,
	// arXiv:1712.05877).
	Int8 WeightTraining = "int8"
)

// pruneBlock is how many weights of an input to neighbouring neurons live or die
// together: those in one cache line of integers.
const pruneBlock = 64

// pruneUntil is the share of the epochs after which no more weights are pruned.
const pruneUntil = 0.6

// roundWeights makes the layers run on integers, if they are to.
func (t *Trainer) roundWeights() error {
	if t.config.Weights != Int8 {
		return nil
	}
	if _, _, err := model.Quantize(t.model, 8); err != nil {
		return fmt.Errorf("train: weights int8: %w", err)
	}
	for _, l := range t.layers {
		if l != nil {
			l.RoundWeights()
		}
	}
	return nil
}

// round follows the learned weights.
func (t *Trainer) round() error {
	if t.config.Weights != Int8 {
		return nil
	}
	return t.parallel(len(t.layers), func(_ *worker, i int) error {
		if l := t.layers[i]; l != nil {
			l.Round()
		}
		return nil
	})
}

// pruning says which blocks of weights of a fully connected hidden layer are dead:
// 0 for ever.
type pruning struct {
	blocks int      // of an input
	dead   []uint64 // a bit a block, input after input
	any    bool     // is dead
}

// newPruning returns the pruning of each layer, nil for those whose weights all
// stay: convolutions, which few weights serve at many places, and the last layer.
func newPruning(t *Trainer) []*pruning {
	all := make([]*pruning, len(t.layers))
	if t.config.Prune == 0 {
		return all
	}
	for i, l := range t.layers[:len(t.layers)-1] {
		if l == nil || l.Scatter() != nil {
			continue
		}
		p := &pruning{blocks: (l.Out + pruneBlock - 1) / pruneBlock}
		p.dead = make([]uint64, (p.blocks*l.Weights.Rows()+63)/64)
		all[i] = p
	}
	return all
}

func (p *pruning) isDead(block int) bool { return p.dead[block/64]>>(block%64)&1 != 0 }

// width returns the number of weights of a block of a layer of out neurons.
func (p *pruning) width(block, out int) int {
	return min(out-block%p.blocks*pruneBlock, pruneBlock)
}

// pruneShare returns the share of blocks that are dead in an epoch, counted from 0:
// a cubic rise, as of Zhu & Gupta, arXiv:1710.01878.
func (c *Config) pruneShare(epoch int) float64 {
	rest := 1 - float64(epoch)/(pruneUntil*float64(c.Epochs))
	if rest < 0 {
		rest = 0
	}
	return c.Prune * (1 - float64(float64(rest*rest)*rest))
}

// prune lets the blocks die whose weights are the smallest, before an epoch: of the
// weights of the inputs of a layer and of its recurrent ones the same share.
func (t *Trainer) prune() error {
	if t.config.Prune == 0 {
		return nil
	}
	for i, p := range t.pruned {
		if p == nil {
			continue
		}
		l := t.layers[i]
		for rows := range slices.Chunk([]int{0, l.In, l.In, l.Weights.Rows()}, 2) {
			t.pruneRows(i, p, rows[0]*p.blocks, rows[1]*p.blocks)
		}
	}
	t.clearDead()
	return t.round()
}

// clearDead makes the weights 0 that are dead.
func (t *Trainer) clearDead() {
	for i, p := range t.pruned {
		if p == nil {
			continue
		}
		t.eachBlock(i, p, func(block int, weights []float32, moments [2][]float32) {
			if p.isDead(block) {
				clear(weights)
				clear(moments[0])
				clear(moments[1])
			}
		})
	}
}

// pruneRows marks the smallest of the blocks between two as dead.
func (t *Trainer) pruneRows(i int, p *pruning, from, to int) {
	type living struct {
		block int
		size  float64
	}
	var list []living
	dead := 0
	t.eachBlock(i, p, func(block int, weights []float32, _ [2][]float32) {
		if block < from || block >= to {
			return
		}
		if p.isDead(block) {
			dead++
			return
		}
		size := 0.0
		for _, w := range weights {
			size += float64(max(w, -w))
		}
		// A narrow last block counts as if it were whole.
		if width := p.width(block, t.layers[i].Out); width < pruneBlock {
			size *= float64(pruneBlock) / float64(width)
		}
		list = append(list, living{block, size})
	})
	slices.SortFunc(list, func(a, b living) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.block, b.block))
	})
	want := int(t.config.pruneShare(t.epoch) * float64(to-from))
	for _, l := range list[:max(want-dead, 0)] {
		p.dead[l.block/64] |= 1 << (l.block % 64)
		p.any = true
	}
}

// eachBlock calls f with the weights and the moments of each block of layer i, in
// the order of blocks within each panel.
func (t *Trainer) eachBlock(i int, p *pruning, f func(block int, weights []float32, moments [2][]float32)) {
	learned, o := t.layers[i].Learned(), &t.moments[i]
	rows := learned.Rows()
	for first, weights := range learned.Panels() {
		width := len(weights) / rows
		a, b := o.weights[0].Panel(first), o.weights[1].Panel(first)
		for r := range rows {
			for from := 0; from < width; from += pruneBlock {
				lo, hi := r*width+from, r*width+min(from+pruneBlock, width)
				f(r*p.blocks+(first+from)/pruneBlock, weights[lo:hi], [2][]float32{a[lo:hi], b[lo:hi]})
			}
		}
	}
}

// mask clears the gradients of the dead weights of n inputs, the rows of grad from
// 0 on, the first of them being input from.
func (p *pruning) mask(grad *asm.Matrix, from, n int) {
	if p == nil || !p.any {
		return
	}
	for first, panel := range grad.Panels() {
		width := len(panel) / grad.Rows()
		for r := range n {
			for at := 0; at < width; at += pruneBlock {
				if p.isDead((from+r)*p.blocks + (first+at)/pruneBlock) {
					clear(panel[r*width+at : r*width+min(at+pruneBlock, width)])
				}
			}
		}
	}
}

// prunedShare returns the share of the weights of the network that are dead.
func (t *Trainer) prunedShare() float64 {
	dead, all := 0, 0
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		if l.Scatter() != nil {
			all += t.model.Layers[i].Weight.Len()
			continue
		}
		all += l.Weights.Rows() * l.Out
		if p := t.pruned[i]; p != nil {
			for block := range p.blocks * l.Weights.Rows() {
				if p.isDead(block) {
					dead += p.width(block, l.Out)
				}
			}
		}
	}
	return float64(dead) / float64(all)
}
