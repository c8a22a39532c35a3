package train

import (
	"math"
	"sync"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/det"
)

// What random numbers are for; each purpose has streams of its own.
const (
	purposeWeights = iota + 1
	purposeOrder
	purposeNoise
	_ // the draws of package evaluate
	purposeBias
	purposeTable
)

// normal draws from N(0, 1) by the Box–Muller transform.
type normal struct {
	key   dataset.Key
	drawn uint64
}

func newNormal(seed uint64, purpose int, stream uint64) *normal {
	return &normal{key: dataset.KeyFor(seed, purpose, stream)}
}

func (g *normal) next() float64 {
	u := unit(g.key.Uint64(2 * g.drawn))
	v := unit(g.key.Uint64(2*g.drawn + 1))
	g.drawn++
	// cos(2πv) over half the circle: the other half only mirrors it.
	return math.Sqrt(float64(-2*det.Log(u))) * det.Cos(float64(math.Pi*v))
}

// normals returns numbers from N(0, 1) to draw from where a new one each would
// take longer than the network: initial membranes. Each has its opposite, and
// together they have the variance 1.
var normals = sync.OnceValue(func() *[tableSize]float32 {
	g := newNormal(0, purposeTable, 0)
	var drawn [tableSize / 2]float64
	squares := 0.0
	for i := range drawn {
		drawn[i] = g.next()
		squares += float64(drawn[i] * drawn[i])
	}
	scale := math.Sqrt(float64(len(drawn)) / squares)
	var table [tableSize]float32
	for i, v := range drawn {
		table[2*i] = float32(v * scale)
		table[2*i+1] = -table[2*i]
	}
	return &table
})

const (
	tableBits    = 12
	tableSize    = 1 << tableBits
	drawsPerWord = 64 / tableBits // of random bits
)

// unit maps 64 random bits to (0, 1).
func unit(bits uint64) float64 { return float64((float64(bits>>12) + 0.5) / (1 << 52)) }
