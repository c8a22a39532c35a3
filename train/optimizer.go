package train

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/asm"
)

// OptimizerKind names how parameters follow their gradient.
type OptimizerKind string

// The optimisers.
const (
	Adam    OptimizerKind = "adam"    // Kingma & Ba, arXiv:1412.6980; weight decay decoupled
	SGD     OptimizerKind = "sgd"     // v = Momentum·v + g; w −= rate·v
	RMSprop OptimizerKind = "rmsprop" // v = β₂·v + (1−β₂)·g²; w −= rate·g/(√v + ε)
)

// Optimizer is an optimiser and its constants.
type Optimizer struct {
	Kind         OptimizerKind
	Rate         float64 // learning rate
	Beta1, Beta2 float64
	Epsilon      float64
	Momentum     float64 // of sgd
	WeightDecay  float64 // w −= rate·WeightDecay·w, weights only
	L2           float64 // g += L2·w before the update, all parameters (the blog: 1e-4)
}

func (o Optimizer) validate() error {
	switch o.Kind {
	case Adam, SGD, RMSprop:
	default:
		return fmt.Errorf("optimizer %q is unknown, expected adam, sgd or rmsprop", o.Kind)
	}
	if o.Momentum != 0 && o.Kind != SGD {
		return fmt.Errorf("optimizer %s has no momentum: sgd has", o.Kind)
	}
	for _, p := range []struct {
		name  string
		value float64
		below float64
	}{
		{"learning rate", o.Rate, math.MaxFloat32}, {"beta1", o.Beta1, 1}, {"beta2", o.Beta2, 1},
		{"epsilon", o.Epsilon, 1}, {"momentum", o.Momentum, 1}, {"weight decay", o.WeightDecay, math.MaxFloat32},
		{"l2", o.L2, math.MaxFloat32},
	} {
		if !(p.value >= 0 && p.value < p.below) {
			return fmt.Errorf("optimizer %s: %s is %v, expected at least 0 and below %v", o.Kind, p.name, p.value, p.below)
		}
	}
	return nil
}

// update is an optimiser at one step of a training.
type update struct {
	kind     OptimizerKind
	adam     asm.AdamStep
	momentum float32
	rate     float32
	l2       float32
}

// at returns the update number step, from 1, at the given rate.
func (o Optimizer) at(step int, rate float64) update {
	u := update{kind: o.Kind, momentum: float32(o.Momentum), rate: float32(rate), l2: float32(o.L2)}
	u.adam = asm.AdamStep{
		Beta1: float32(o.Beta1), Beta2: float32(o.Beta2),
		Rate: float32(rate), Epsilon: float32(o.Epsilon),
		Shrink: float32(rate * o.WeightDecay),
	}
	if o.Kind == Adam {
		c1, c2 := 1-power(o.Beta1, step), math.Sqrt(1-power(o.Beta2, step))
		u.adam.Rate = float32(rate * c2 / c1)
		u.adam.Epsilon = float32(o.Epsilon * c2)
	}
	return u
}

// slower returns the update at share of its rate.
func (u update) slower(share float32) update {
	u.rate *= share
	u.adam.Rate *= share
	u.adam.Shrink *= share
	return u
}

// apply updates the parameters w and their moments by the gradient g. With
// shrink false, weight decay leaves them alone.
func (u update) apply(w, m, v, g []float32, shrink bool) {
	if u.l2 > 0 {
		for i := range g {
			g[i] += float32(u.l2 * w[i])
		}
	}
	adam := u.adam
	if !shrink {
		adam.Shrink = 0
	}
	switch u.kind {
	case Adam:
		adam.Apply(w, m, v, g)
	case SGD:
		for i := range w {
			m[i] = float32(u.momentum*m[i]) + g[i]
			w[i] = (w[i] - float32(adam.Shrink*w[i])) - float32(u.rate*m[i])
		}
	case RMSprop:
		rest := 1 - adam.Beta2
		for i := range w {
			v[i] = float32(adam.Beta2*v[i]) + float32(float32(rest*g[i])*g[i])
			step := float32(u.rate*g[i]) / (float32(math.Sqrt(float64(v[i]))) + adam.Epsilon)
			w[i] = (w[i] - float32(adam.Shrink*w[i])) - step
		}
	}
}

// power returns x to the n-th by repeated squaring; math.Pow's last bits
// differ by platform.
func power(x float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = float64(p * x)
		}
		x = float64(x * x)
	}
	return p
}
