//go:build !board

package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// header says before the first epoch what is trained, on what, and how.
func (j *job) header(m *model.Network) error {
	var err error
	if j.digest, err = dataDigest(j.trainingData, m); err != nil {
		return err
	}
	j.readout = m.Readout.Kind
	o := j.options
	c := &o.plan.Config
	classes := fmt.Sprintf("%d classes", m.Layers[len(m.Layers)-1].OutSize())
	tested := fmt.Sprintf("%d tested on", j.test.Len())
	if j.testHeld {
		tested = "and tested on"
	}
	updates := (len(j.used) + c.Batch - 1) / c.Batch
	fmt.Fprintf(j.stderr, "network  %s, %d neurons, %d parameters, %d steps of %v ms\n", m.Topology(), m.Neurons(), m.Parameters(), m.Steps, m.Input.Step())
	fmt.Fprintf(j.stderr, "samples  %d trained on, %d held out, %s; %s; data %.12s\n", len(j.used), len(j.held), tested, classes, j.digest)
	fmt.Fprintf(j.stderr, "recipe   %s, %d epochs of %d updates, %d %s; 'snurun recipes' shows every choice\n", o.recipe, c.Epochs, updates, o.threads, plural(o.threads, "thread"))
	return nil
}

// digestSamples is how many samples a digest of data looks into.
const digestSamples = 1000

// dataDigest returns the SHA-256 of a data set as a network sees it: how many
// samples there are, the class or the targets of each, and the input of up to 1,000
// of them, without noise of their own.
func dataDigest(source dataset.Source, m *model.Network) (string, error) {
	h := sha256.New()
	n := source.Len()
	fmt.Fprintln(h, n, source.Shape(), source.Classes())
	for i := range n {
		fmt.Fprintln(h, source.Label(i))
		if t := dataset.TargetsOf(source, i); t.Steps() > 0 {
			fmt.Fprintln(h, dataset.Length(source, i), t.Classes, t.Sets.Words())
		}
	}
	x := m.Input.New(max(m.Steps, 1))
	word := make([]byte, 8)
	for k := range min(n, digestSamples) {
		x.Clear()
		if err := source.Load(x, k*n/min(n, digestSamples), dataset.Key{}); err != nil {
			return "", err
		}
		switch x := x.(type) {
		case spike.Train:
			for _, w := range x.Words() {
				binary.LittleEndian.PutUint64(word, w)
				h.Write(word)
			}
		case spike.Values:
			for _, v := range x.Data() {
				binary.LittleEndian.PutUint32(word, math.Float32bits(v))
				h.Write(word[:4])
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// stalled reports whether the last epochs brought nothing better on the samples
// held out, for as many as --patience allows.
func (j *job) stalled() bool {
	best := 0
	for i, r := range j.history {
		if better(j.readout, r, j.history[best]) {
			best = i
		}
	}
	n := len(j.history)
	stop := j.options.patience > 0 && n > 0 && n-1-best >= j.options.patience
	if stop {
		fmt.Fprintf(j.stderr, "stopped after %d epochs: none of the last %d was better than epoch %d on the samples held out\n", n, j.options.patience, best+1)
	}
	return stop
}
