package nir

import (
	"math"
	"strconv"
)

// The time steps that are assumed, in seconds.
const (
	// usualDt is what snnTorch and SpikingJelly write files for, and what the
	// networks of the NIR paper were run with.
	usualDt = 1e-4
	// unitStep is how long a step is taken to be where a graph counts in steps.
	unitStep = 1e-3
)

// step returns dt in the graph's unit of time and the length of a step in ms.
func (g *graph) step(im *Import, o Options) (dt, ms float64, err error) {
	c, err := g.clock()
	if err != nil {
		return 0, 0, err
	}
	dt = o.Dt
	inSteps := false
	switch {
	case dt > 0:
	case g.dt > 0:
		dt = g.dt
		im.assume("dt is %v s, from the graph's metadata", dt)
	case c.natural > 0:
		dt = c.natural
		im.assume("dt is %v s: with it no neuron scales its input, as in files of snnTorch (which writes 1e-4 s whatever the data) and SpikingJelly", dt)
	case !c.timed:
		dt, inSteps = 1, true
		im.assume("the neurons have no time constants: an input adds R = 1 times its weight in each step, however long it is")
	case c.shortest >= 1:
		dt, inSteps = 1, true
		im.warn("the time constants are taken to be in steps, as Sinabs writes them, for they are at least %v", c.shortest)
	default:
		dt = usualDt
		im.warn("dt is not in the file and taken to be %v s, as the NIR paper has it; Norse's own default is 0.001 s", dt)
	}
	ms = dt * 1e3
	if inSteps {
		ms = unitStep * 1e3
	}
	switch {
	case o.StepUS > 0:
		ms = o.StepUS / 1e3
	case o.Encoder.BinUS > 0:
		ms = o.Encoder.BinUS / 1e3
	case inSteps:
		im.assume("a step lasts %v ms", ms)
	case o.Dt == 0:
		im.assume("a step of the input lasts dt")
	}
	return dt, tidy(ms), nil
}

// tidy returns x in 15 significant digits: what was a short number before it
// became one of another unit is short again.
func tidy(x float64) float64 {
	near, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		return x
	}
	return near
}

// clock is what the neurons of a graph tell of its time step.
type clock struct {
	timed    bool    // there are time constants, or R by the letter
	shortest float64 // time constant
	natural  float64 // the dt at which every neuron's input has a factor of 1, if there is one in two digits
}

func (g *graph) clock() (c clock, err error) {
	c.shortest = math.Inf(1)
	agree := true
	// weigh takes in a ratio that is dt if an input's factor is 1.
	weigh := func(ratio float64) {
		dt := round(ratio)
		agree = agree && dt > 0 && (c.natural == 0 || c.natural == dt)
		c.natural = dt
	}
	for _, n := range g.nodes {
		var tau, gain string
		switch n.kind {
		case kindI, kindIF:
			gain = "r"
		case kindLI, kindLIF:
			tau, gain = "tau", "r"
		case kindCubaLI, kindCubaLIF:
			tau, gain = "tau_mem", "r"
			if syn, err := n.numbers("tau_syn"); err == nil {
				for _, x := range syn.data {
					c.shortest = min(c.shortest, x)
				}
			}
		default:
			continue
		}
		r, err := n.numbers(gain)
		if err != nil {
			return c, err
		}
		time := array{data: []float64{1}}
		if tau != "" {
			if time, err = n.numbers(tau); err != nil {
				return c, err
			}
			c.timed = true
			for _, x := range time.data {
				c.shortest = min(c.shortest, x)
			}
		}
		if tau == "" && param(r.data).is(1) {
			continue // adds its input in a step of any length
		}
		c.timed = true
		if len(r.data) != len(time.data) && len(r.data) != 1 && len(time.data) != 1 {
			agree = false
			continue
		}
		for j := range max(len(r.data), len(time.data)) {
			if r := param(r.data).at(j); r != 1 { // 1 says nothing of dt
				weigh(param(time.data).at(j) / r)
			}
		}
	}
	if !agree {
		c.natural = 0
	}
	return c, nil
}

// round returns x in two significant digits if it is that within the precision
// of float32, else 0.
func round(x float64) float64 {
	near, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 1, 64), 64)
	if err != nil || !(near > 0) || math.IsInf(near, 0) || math.Abs(x-near) > 1e-5*near {
		return 0
	}
	return near
}
