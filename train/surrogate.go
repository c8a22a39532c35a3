package train

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/snurun/snurun/asm"
)

// SurrogateKind names the function that stands for the derivative of the step
// function in back-propagation.
type SurrogateKind string

// The surrogates, with x = u/Width and u the distance from the threshold. Each
// has height 1 at u = 0 but the boxcar, which has area 1.
const (
	Boxcar      SurrogateKind = "boxcar"       // 1/Width for |x| < 1/2, else 0 (the blog, Width 1)
	Triangle    SurrogateKind = "triangle"     // max(0, 1 − |x|)
	TanhPrime   SurrogateKind = "tanh"         // 1 − tanh²(x) (the paper)
	FastSigmoid SurrogateKind = "fast_sigmoid" // 1/(1 + |x|)²
	Arctan      SurrogateKind = "arctan"       // 1/(1 + (π/2·x)²)
)

// Surrogate is a surrogate gradient of a width in units of the membrane.
type Surrogate struct {
	Kind  SurrogateKind
	Width float32
}

// ParseSurrogate reads "kind:width" or "kind", which has width 1.
func ParseSurrogate(s string) (Surrogate, error) {
	kind, width, found := strings.Cut(s, ":")
	g := Surrogate{Kind: SurrogateKind(kind), Width: 1}
	if found {
		w, err := strconv.ParseFloat(width, 32)
		if err != nil {
			return g, fmt.Errorf("surrogate %q: width %q is not a number", s, width)
		}
		g.Width = float32(w)
	}
	return g, g.validate()
}

func (g Surrogate) String() string {
	return fmt.Sprintf("%s:%v", g.Kind, g.Width)
}

func (g Surrogate) validate() error {
	if _, ok := kernelSurrogates[g.Kind]; !ok {
		return fmt.Errorf("surrogate %q is unknown, expected boxcar, triangle, tanh, fast_sigmoid or arctan", g.Kind)
	}
	if !(g.Width > 0) || g.Width > math.MaxFloat32 {
		return fmt.Errorf("surrogate %s: width is %v, expected a number above 0", g.Kind, g.Width)
	}
	return nil
}

// kernel returns the surrogate as the kernels name it.
func (g Surrogate) kernel() asm.Surrogate { return kernelSurrogates[g.Kind] }

var kernelSurrogates = map[SurrogateKind]asm.Surrogate{
	Boxcar: asm.Boxcar, Triangle: asm.Triangle, TanhPrime: asm.TanhPrime, FastSigmoid: asm.FastSigmoid, Arctan: asm.Arctan,
}
