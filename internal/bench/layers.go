package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/bandwidth"
	"github.com/snurun/snurun/model"
)

// layerProfile is the work and time of the layers over some samples.
type layerProfile struct {
	samples     int
	steps       int64 // of all samples
	inputSpikes int64
	spikes      []int64
	synops      []int64
	times       []time.Duration
	total       time.Duration // with the input lists and the readout
	limits      []float64     // load bandwidth, bytes a second, for as much memory as each layer's weights; 0 if unknown or not the limit
}

// measureLayers profiles the layers over one repetition with all steps known,
// and measures the load bandwidth that limits each.
func (t *Target) measureLayers(ctx context.Context, o Options) error {
	restore, err := asm.Use(t.tier)
	if err != nil {
		return err
	}
	defer restore()
	n := t.net.Layers()
	p := layerProfile{spikes: make([]int64, n), synops: make([]int64, n), limits: make([]float64, n)}
	s := t.net.NewSession()
	for range 2 { // the first time warms up
		s.Profile()
		p.samples, p.total = 0, 0
		for start := time.Now(); p.samples == 0 || p.total < o.Time; p.total = sinceAtLeast(start) {
			for k := range t.samples.Len() {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := t.classify(s, k); err != nil {
					return err
				}
				p.samples++
			}
		}
	}
	p.times = slices.Clone(s.LayerTimes())
	for k := range t.samples.Len() {
		if err := t.classify(s, k); err != nil {
			return err
		}
		stats := s.Stats()
		p.steps += stats.Steps
		p.inputSpikes += stats.InputSpikes
		for i := range n {
			p.spikes[i] += stats.Spikes[i]
			p.synops[i] += stats.SynOps[i]
		}
	}
	for i := range n {
		// A convolution waits for its sums, not for its weights.
		if l := &t.model.Layers[i]; l.HasNeurons() && l.Kind != model.Conv2D {
			p.limits[i] = loadBandwidth(t.net.Plan(i).Bytes)
		}
	}
	t.profile = p
	return nil
}

// maxLoad is past all caches; measuring more would tell nothing new.
const maxLoad = 64 << 20

// loadBandwidth returns the bytes a second that plain loads of about n bytes
// reach, or 0 if there is nothing to measure them with.
func loadBandwidth(n int) float64 {
	p := asm.Floats(max(min(n, maxLoad)/4&^255, 256))
	for i := range p {
		p[i] = 1 // a page that was never written is the one page of zeros
	}
	for _, tier := range asm.Tiers() {
		if rate := bandwidth.Rate(tier, p); rate > 0 {
			return rate * 1e9
		}
	}
	return 0
}

func (r *Report) addLayers(t *Target) {
	p := &t.profile
	steps := float64(p.steps)
	timed := steps * float64(p.samples) / float64(t.samples.Len()) // steps that times are of
	var ideal, spent float64                                       // seconds a step
	r.OtherShare = 1
	for i := range t.model.Layers {
		l, plan := &t.model.Layers[i], t.net.Plan(i)
		b := Layer{Name: cmp.Or(l.Name, fmt.Sprintf("layer%d", i)), Plan: plan.String()}
		if !l.HasNeurons() {
			r.Layers = append(r.Layers, b)
			continue
		}
		in := l.InSize()
		if l.Recurrent != nil {
			in += l.OutSize()
		}
		b.Plan, b.Weights = fmt.Sprintf("%s ×%d", plan.Layout, plan.Steps), plan.Bytes
		b.NsPerStep = float64(p.times[i].Nanoseconds()) / timed
		b.Spikes = float64(p.spikes[i]) / steps
		b.SynOps = float64(p.synops[i]) / steps
		b.Density = b.SynOps / float64(l.Synapses())
		b.SpikesIn = b.Density * float64(in)
		b.Share = p.times[i].Seconds() / p.total.Seconds()
		b.Limit = p.limits[i]
		if b.Limit > 0 && b.NsPerStep > 0 {
			read := b.SpikesIn * float64(plan.Bytes) / float64(in) // bytes a step
			b.Bandwidth = read / (b.NsPerStep / 1e9) / b.Limit
			ideal, spent = ideal+read/b.Limit, spent+b.NsPerStep/1e9
		}
		r.OtherShare -= b.Share
		r.Spikes += float64(p.spikes[i])
		r.SynOps += float64(p.synops[i])
		r.Layers = append(r.Layers, b)
	}
	convolves := slices.ContainsFunc(t.model.Layers, func(l model.Layer) bool { return l.Kind == model.Conv2D })
	if spent > 0 && !convolves {
		r.Bandwidth = ideal / spent
	}
	n := float64(t.samples.Len())
	r.Spikes, r.SynOps, r.InputSpikes = r.Spikes/n, r.SynOps/n, float64(p.inputSpikes)/n
}
