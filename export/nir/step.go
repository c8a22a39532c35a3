package nir

import (
	"math"
	"strconv"

	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
)

// The time steps that are assumed, in seconds.
const (
	// usualDt is what snnTorch and SpikingJelly write files for, and what the
	// networks of the NIR paper were run with.
	usualDt = 1e-4
	// unitStep is how long a step is taken to be where a graph counts in steps.
	unitStep = 1e-3
)

// step returns dt in the graph's unit of time and the length of a step.
func (g *graph) step(im *Import, o Options, c clock, f framework) (dt float64, length model.Millis, err error) {
	dt = o.Dt
	inSteps := false
	switch {
	case dt > 0:
	case g.dt > 0:
		dt = g.dt
		im.assume("dt is %v s, from the graph's metadata", dt)
	case f.name == Rockpool:
		if dt, err = g.rockpoolStep(); err != nil {
			return 0, 0, err
		}
		im.assume("dt is %v s: with it R is τ/dt·exp(−dt/τ), as Rockpool writes it", dt)
	case f.name == Sinabs && c.timed && c.shortest < 1:
		return 0, 0, unsupported("a time constant is %v, but Sinabs counts them in steps, of which one is at least 1: it may be of another framework, or --dt be missing", c.shortest)
	case f.name == Sinabs:
		dt, inSteps = f.dt, true
	case f.name == Norse && c.timed && c.longest < f.dt:
		dt = f.dt * f.dt
		im.warn("the time constants, up to %v s, are shorter than Norse's step of %v s: taken to be those of release 1.1.0, which writes them 1000 times too small", c.longest, f.dt)
	case c.natural > 0:
		dt = c.natural
		im.assume("dt is %v s: with it no neuron scales its input, as in files of snnTorch (which writes 1e-4 s whatever the data) and SpikingJelly", dt)
	case f.name == Norse || f.name == SpikingJelly:
		dt = f.dt
		im.warn("dt is not in the file and taken to be %v s, the default of %s", dt, f.name)
	case f.dt > 0:
		dt = f.dt
		im.assume("dt is %v s, for which %s writes its files", dt, f.name)
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
	ms := dt * 1e3
	switch {
	case inSteps:
		ms = unitStep * 1e3
	case f.name == Norse && dt == f.dt*f.dt:
		ms = f.dt * 1e3
	}
	switch {
	case o.Step > 0:
		ms = float64(o.Step)
	case o.Encoder.BinUS > 0:
		ms = float64(model.FromMicros(o.Encoder.BinUS))
	case inSteps:
		im.assume("a step lasts %v ms", ms)
	case o.Dt == 0:
		im.assume("a step of the input lasts dt")
	}
	return dt, model.Millis(tidy(ms)), nil
}

// rockpoolStep returns the dt with which R is τ/dt·exp(−dt/τ) in all neurons.
func (g *graph) rockpoolStep() (float64, error) {
	found := 0.0
	for _, n := range g.nodes {
		tau, ok := map[kind]string{kindLI: "tau", kindLIF: "tau", kindCubaLI: "tau_mem", kindCubaLIF: "tau_mem"}[n.kind]
		if !ok {
			continue
		}
		times, err := n.numbers(tau)
		if err != nil {
			return 0, err
		}
		r, err := n.numbers("r")
		if err != nil {
			return 0, err
		}
		for j := range max(len(r.data), len(times.data)) {
			r, tau := param(r.data).at(j%len(r.data)), param(times.data).at(j%len(times.data))
			x := rockpoolRatio(r)
			dt := round(x * tau)
			if dt == 0 || found != 0 && dt != found {
				return 0, unsupported("node %q (%s): R is %v and τ %v, and no time step is found with which R is τ/dt·exp(−dt/τ), as Rockpool writes it: --dt is missing", n.name, n.kind, r, tau)
			}
			found = dt
		}
	}
	if found == 0 {
		return 0, unsupported("no neuron tells Rockpool's time step: --dt is missing")
	}
	return found, nil
}

// rockpoolRatio returns the x > 0 with exp(−x)/x = r, 0 if there is none.
func rockpoolRatio(r float64) float64 {
	if !(r > 0) || math.IsInf(r, 0) {
		return 0
	}
	// Newton on x·r − exp(−x), which rises and bends down: it never overshoots from 0.
	x := 0.0
	for range 100 {
		e := det.Exp(-x)
		next := x - float64(float64(x*r)-e)/(r+e)
		if math.Abs(next-x) <= 1e-16*next {
			return next
		}
		x = next
	}
	return x
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
	gains    bool    // there are neurons with a time constant, and R is 1 in none of them
	plain    bool    // neurons that spike have a v_reset, and no voltage but the threshold is other than 0
	shortest float64 // time constant
	longest  float64 // time constant
	natural  float64 // the dt at which every neuron's input has a factor of 1, if there is one in two digits
}

func (g *graph) clock() (c clock, err error) {
	c.shortest, c.plain = math.Inf(1), true
	agree, ones := true, false
	take := func(tau float64) {
		c.shortest, c.longest = min(c.shortest, tau), max(c.longest, tau)
	}
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
					take(x)
				}
			}
		default:
			continue
		}
		r, err := n.numbers(gain)
		if err != nil {
			return c, err
		}
		for _, voltage := range []string{"v_leak", "v_reset"} {
			if v, err := n.numbers(voltage); err == nil && !param(v.data).is(0) {
				c.plain = false
			}
		}
		c.plain = c.plain && (!n.kind.spikes() || n.has("v_reset")) // files of before nir 1.0 have none
		time := array{data: []float64{1}}
		if tau != "" {
			if time, err = n.numbers(tau); err != nil {
				return c, err
			}
			c.timed = true
			for _, x := range time.data {
				take(x)
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
			switch r := param(r.data).at(j); {
			case math.IsInf(r, 0): // nor does ∞
			case r != 1: // 1 says nothing of dt
				weigh(param(time.data).at(j) / r)
				c.gains = c.gains || tau != ""
			default:
				ones = true
			}
		}
	}
	c.gains = c.gains && !ones
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
