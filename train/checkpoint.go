package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrCheckpoint is the error of data that are no checkpoint of this training.
var ErrCheckpoint = errors.New("not a checkpoint of this training")

// A checkpoint is, little-endian:
//
//	8 bytes   "snuruncp"
//	32 bytes  fingerprint of network, configuration and samples
//	9 × 8     epoch, updates; of the epoch so far: samples, steps, those that count, bits
//	          of the loss, right decisions, of how many; layers
//	8 a layer spikes of the layer in the epoch so far
//	4 each    all parameters and moments, float32, in the order of tensors
//	8 each    of layers that are pruned: a bit a block of weights that is dead
//	8 + n     length of the caller's own data, and the data
//	32 bytes  SHA-256 of all before
const checkpointMagic = "snuruncp"

// maxExtra bounds the caller's own data in a checkpoint, beside as many bytes again as
// the trainer's, in which a model file has room.
const maxExtra = 64 << 20

// Save writes a checkpoint from which Restore continues to the same bytes as
// if nothing had happened. Extra is kept for the caller.
func (t *Trainer) Save(w io.Writer, extra []byte) error {
	if most := maxExtra + t.checkpointSize(); len(extra) > most {
		return fmt.Errorf("train: %d bytes of extra data, expected at most %d", len(extra), most)
	}
	print, err := t.fingerprint()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	buf := append([]byte(checkpointMagic), print[:]...)
	for _, v := range []uint64{
		uint64(t.epoch), uint64(t.updates), uint64(t.now.done), uint64(t.now.steps), uint64(t.now.counted),
		math.Float64bits(t.now.loss), uint64(t.now.right), uint64(t.now.of), uint64(len(t.layers)),
	} {
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	for _, n := range t.now.counts {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(n))
	}
	for _, p := range t.tensors() {
		for _, v := range p {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
	}
	for _, p := range t.pruned {
		if p == nil {
			continue
		}
		for _, dead := range p.dead {
			buf = binary.LittleEndian.AppendUint64(buf, dead)
		}
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(len(extra)))
	buf = append(buf, extra...)
	sum := sha256.Sum256(buf)
	_, err = w.Write(append(buf, sum[:]...))
	return err
}

// Restore continues from a checkpoint of a trainer that was made with the same
// network, samples and configuration; the number of threads may differ. Of the
// samples, it compares the number and the labels of all and the input of some. It
// returns the caller's own data. After an error, an ErrCheckpoint for data that
// do not fit, the trainer is unchanged.
func (t *Trainer) Restore(r io.Reader) (extra []byte, err error) {
	fixed := t.checkpointSize()
	data, err := io.ReadAll(io.LimitReader(r, 2*int64(fixed)+maxExtra+1))
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if !bytes.HasPrefix(data, []byte(checkpointMagic)) {
		return nil, fmt.Errorf("train: %w: it does not begin with %q", ErrCheckpoint, checkpointMagic)
	}
	if len(data) < fixed {
		return nil, fmt.Errorf("train: %w: %d bytes, expected at least %d", ErrCheckpoint, len(data), fixed)
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	print, rest := body[len(checkpointMagic):][:sha256.Size], body[len(checkpointMagic)+sha256.Size:]
	own, err := t.fingerprint()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if !bytes.Equal(print, own[:]) {
		return nil, fmt.Errorf("train: %w: it was made with another network, configuration, data set or version", ErrCheckpoint)
	}
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, fmt.Errorf("train: %w: its checksum is wrong", ErrCheckpoint)
	}
	if n := binary.LittleEndian.Uint64(data[fixed-sha256.Size-8:]); n != uint64(len(data)-fixed) {
		return nil, fmt.Errorf("train: %w: %d bytes of extra data, its length says %d", ErrCheckpoint, len(data)-fixed, n)
	}
	if err := t.checkCounts(rest); err != nil {
		return nil, fmt.Errorf("train: %w: %w", ErrCheckpoint, err)
	}
	number := func() uint64 {
		v := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		return v
	}
	t.epoch, t.updates = int(number()), int(number())
	t.now.done, t.now.steps, t.now.counted = int(number()), int(number()), int(number())
	t.now.loss, t.now.right, t.now.of = math.Float64frombits(number()), int(number()), int(number())
	number()
	for i := range t.now.counts {
		t.now.counts[i] = int(number())
	}
	for _, p := range t.tensors() {
		for i := range p {
			p[i] = math.Float32frombits(binary.LittleEndian.Uint32(rest))
			rest = rest[4:]
		}
	}
	for _, p := range t.pruned {
		if p == nil {
			continue
		}
		p.any = false
		for i := range p.dead {
			p.dead[i] = number()
			p.any = p.any || p.dead[i] != 0
		}
	}
	t.restored()
	return rest[8:], nil
}

// restored puts parameters that were read to use.
func (t *Trainer) restored() {
	t.clearDead()
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		if l.Scatter() != nil {
			for _, weights := range [][]float32{l.LearnedKernel(), t.moments[i].kernel[0].Data(), t.moments[i].kernel[1].Data()} {
				l.Mask(weights)
			}
		}
		t.tieTheta(i)
		l.Changed()
		l.Round()
	}
}

// checkCounts checks the counts at the beginning of b: whoever can write a
// checkpoint can give it the right fingerprint and checksum. Parameters need no
// check, training ends with ErrDiverged if they are not finite.
func (t *Trainer) checkCounts(b []byte) error {
	samples, layers := uint64(len(t.order)), uint64(len(t.layers))
	type count struct {
		name        string
		least, most uint64
	}
	counts := []count{
		{"epoch", 0, uint64(t.config.Epochs)}, {"updates", 0, math.MaxInt32},
		{"samples", 0, samples}, {"steps", 0, math.MaxInt}, {"steps that count", 0, math.MaxInt},
		{"loss", 0, math.MaxUint64}, {"right decisions", 0, math.MaxInt}, {"decisions", 0, math.MaxInt}, {"layers", layers, layers},
	}
	for range t.layers {
		counts = append(counts, count{"spikes", 0, math.MaxInt})
	}
	for i, c := range counts {
		if v := binary.LittleEndian.Uint64(b[8*i:]); v < c.least || v > c.most {
			return fmt.Errorf("%s: found %d, expected %d to %d", c.name, v, c.least, c.most)
		}
	}
	return nil
}

// checkpointSize returns the size of a checkpoint without extra data.
func (t *Trainer) checkpointSize() int {
	n := len(checkpointMagic) + sha256.Size + 9*8 + 8*len(t.layers) + 8 + sha256.Size
	for _, p := range t.tensors() {
		n += 4 * len(p)
	}
	for _, p := range t.pruned {
		if p != nil {
			n += 8 * len(p.dead)
		}
	}
	return n
}

// tensors returns everything that updates change, without the padding of
// neurons: were it read from a file, some that do not exist could fire. What is
// no weight of a convolution is cleared in restored.
func (t *Trainer) tensors() [][]float32 {
	var all [][]float32
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		u, o := &l.Units, &t.moments[i]
		if l.Scatter() != nil {
			all = append(all, l.LearnedKernel(), o.kernel[0].Data(), o.kernel[1].Data())
		}
		all = append(appendRows(all, l.Learned()), u.Current[:l.Out], u.Decay[:l.Out], u.Bias[:l.Out])
		for k := range 2 {
			all = append(appendRows(all, &o.weights[k]), o.current[k][:l.Out], o.decay[k][:l.Out], o.bias[k][:l.Out])
		}
	}
	return all
}

// appendRows appends the rows of each panel of m to all.
func appendRows(all [][]float32, m *asm.Matrix) [][]float32 {
	for first, elements := range m.Panels() {
		width := len(elements) / m.Rows()
		for r := range m.Rows() {
			all = append(all, elements[r*width:][:min(width, m.Cols()-first)])
		}
	}
	return all
}

// streams counts the changes to what random numbers a training draws: from a
// checkpoint of other streams it would not go on to the same bytes.
const streams = 2

// looked is the number of samples whose input is part of a fingerprint.
const looked = 64

// fingerprint identifies the configuration, the network that training started
// from, the samples and the random numbers.
func (t *Trainer) fingerprint() ([sha256.Size]byte, error) {
	if t.print != nil {
		return *t.print, nil
	}
	h := sha256.New()
	c := t.config
	c.Threads, c.Epochs = 0, 0
	fmt.Fprintf(h, "streams %d\n%+v\n%d %v %v %v %+v\n", streams, c, t.steps, t.model.Input.Dt, t.model.Readout, t.model.Input.Shape, t.model.Input.Encoder.Coding)
	fmt.Fprintf(h, "%v %v %v\n", t.model.Input.Encoder.RateHz, t.model.Input.Encoder.BinUS, t.model.Input.Encoder.Counts)
	if threshold := t.model.Input.Encoder.Threshold; threshold != nil {
		fmt.Fprintln(h, *threshold)
	}
	if s := t.model.Input.Encoder.Sound; s != nil {
		fmt.Fprintln(h, *s)
	}
	for i := range t.model.Layers {
		m := &t.model.Layers[i]
		fmt.Fprintln(h, m.Kind, m.Inputs(i), m.In, m.Out, m.Window, m.Groups, m.Pool, m.Activation, m.Output, m.Reset, m.Slope, m.Recurrent != nil)
		for _, p := range [][]float32{m.Current, m.Synapse, m.Decay, m.Bias, m.Theta, m.Initial} {
			fmt.Fprintln(h, len(p))
			writeFloats(h, p)
		}
		if m.HasNeurons() {
			writeTensor(h, &m.Weight)
		}
		if m.Recurrent != nil {
			writeTensor(h, m.Recurrent)
		}
	}
	for _, i := range t.indices {
		fmt.Fprintln(h, i, t.source.Label(i))
		if t.sequences {
			targets := dataset.TargetsOf(t.source, i)
			fmt.Fprintln(h, lengthOf(t.source, i, t.model.Steps), targets.Classes, targets.Sets.Words())
		}
	}
	in := t.model.Input.New(t.steps)
	for k := range min(looked, len(t.indices)) {
		i := t.indices[k*len(t.indices)/min(looked, len(t.indices))]
		if err := t.source.Load(in, i, dataset.Key{}); err != nil {
			return [sha256.Size]byte{}, err
		}
		switch x := in.(type) {
		case spike.Train:
			var words []byte
			for _, w := range x.Words() {
				words = binary.LittleEndian.AppendUint64(words, w)
			}
			h.Write(words)
		case spike.Values:
			writeFloats(h, x.Data())
		}
	}
	print := [sha256.Size]byte(h.Sum(nil))
	t.print = &print
	return print, nil
}

func writeTensor(h hash.Hash, t *model.Tensor) {
	var row []float32
	for j := range t.Shape[0] {
		row = t.Row(j, row)
		writeFloats(h, row)
	}
}

func writeFloats(h hash.Hash, p []float32) {
	b := make([]byte, 0, 4*len(p))
	for _, v := range p {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	h.Write(b)
}
