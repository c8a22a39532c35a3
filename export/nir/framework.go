package nir

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Framework names who wrote a NIR file, and with it what its neurons do that
// the file does not say.
type Framework string

// The frameworks.
const (
	// NIR stands for the equations of the file, by forward Euler, whoever wrote it.
	NIR          Framework = "nir"
	SnnTorch     Framework = "snntorch"
	Norse        Framework = "norse"
	Sinabs       Framework = "sinabs"
	SpikingJelly Framework = "spikingjelly"
	Rockpool     Framework = "rockpool"
)

// Frameworks lists the frameworks.
func Frameworks() []Framework {
	return []Framework{SnnTorch, Norse, Sinabs, SpikingJelly, Rockpool, NIR}
}

// framework is a row of the table of docs/CONVERT.md.
type framework struct {
	name Framework
	// dt is the time step of its exporter, in the file's unit of time, where
	// neither the caller nor the file tells it; 0 if there is none.
	dt          float64
	exponential bool    // decays are exp(−Δt/τ), else 1 − Δt/τ
	clamps      bool    // a decay outside of 0 … 1 counts as the nearer of the two
	gain        gain    // of what comes into a membrane
	synapse     gain    // of what comes into a synaptic current
	atReset     bool    // a membrane without a leak begins at v_reset, else at 0
	atEqual     bool    // fires at v ≥ θ, else above θ
	many        bool    // ⌊v/θ⌋ spikes a step unless told, else one
	reset       Reset   // unless told
	resets      []Reset // that it has
}

// gain is the factor of an input, which is a current that lasts one step.
type gain int

const (
	byLetter gain = iota // R·Δt/τ of a membrane, w_in·Δt/τ of a current: what the node says
	unscaled             // R, or w_in, alone
	whole                // 1, whatever R or w_in
	lost                 // R·(1 − decay)
	decayed              // decay: what comes in decays at once
)

var frameworks = map[Framework]framework{
	NIR: {reset: ResetZero},
	SnnTorch: {
		dt: 1e-4, clamps: true, gain: whole, synapse: whole,
		reset: ResetDelayed, resets: []Reset{ResetDelayed, ResetSubtract, ResetZero, ResetRefractory, ResetNone},
	},
	Norse: {
		dt: 1e-3, gain: byLetter, synapse: unscaled, atReset: true,
		reset: ResetZero, resets: []Reset{ResetZero},
	},
	Sinabs: {
		dt: 1, exponential: true, gain: lost, synapse: decayed, atEqual: true, many: true,
		reset: ResetSubtract, resets: []Reset{ResetSubtract, ResetZero},
	},
	SpikingJelly: {
		dt: 1e-4, gain: byLetter, synapse: byLetter, atReset: true, atEqual: true,
		reset: ResetZero, resets: []Reset{ResetZero, ResetSubtract},
	},
	Rockpool: {
		exponential: true, gain: whole, synapse: decayed, atEqual: true, many: true,
		reset: ResetSubtract, resets: []Reset{ResetSubtract},
	},
}

func init() {
	for name, f := range frameworks {
		f.name = name
		frameworks[name] = f
	}
}

// known reports whether a framework is one of the table, or none.
func (f Framework) check() error {
	if _, ok := frameworks[f]; !ok && f != "" {
		return fmt.Errorf("nir: framework %q is unknown, expected one of %v", f, Frameworks())
	}
	return nil
}

// exporter tells who wrote the graph where the file does: by the names that only
// one exporter gives, or by parameters that only one writes.
func (g *graph) exporter(c clock) Framework {
	if g.dt > 0 {
		return "" // of this package
	}
	var input string
	torch := false
	for _, n := range g.nodes {
		if n.kind == kindInput {
			input = n.name
		}
		// Rockpool's modules have names such as 1_LIFTorch.
		if number, module, ok := strings.Cut(n.name, "_"); ok && strings.HasSuffix(module, "Torch") && digits(number) {
			torch = true
		}
	}
	switch {
	case torch:
		return Rockpool
	case input == "input_tensor" && g.numbered("_"):
		return Norse
	case input == "input_1" && g.numbered("_"):
		return SpikingJelly
	case c.natural == frameworks[SnnTorch].dt && c.gains && c.plain:
		return SnnTorch
	case c.timed && c.shortest >= 1 && c.plain && g.numbered(""):
		return Sinabs
	}
	return ""
}

// numbered reports whether all nodes but Input and Output are named by numbers
// after a prefix, as those of a Sequential are.
func (g *graph) numbered(prefix string) bool {
	return !slices.ContainsFunc(g.nodes, func(n *node) bool {
		number, ok := strings.CutPrefix(n.name, prefix)
		return n.kind != kindInput && n.kind != kindOutput && (!ok || !digits(number))
	})
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// beside returns the next float32 beyond x in a direction: v ≥ x where v is above
// the one below.
func beside(x float64, direction int) float64 {
	return float64(math.Nextafter32(float32(x), float32(math.Inf(direction))))
}
