package asm

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// tier is one set of kernels. All tiers yield the same bits.
type tier struct {
	name     string
	forward  func(w *Matrix, u *Units, in *Inputs, tr *Trace)
	update   func(u *Units, sums []float32, stride, steps int, tr *Trace)
	updateAt func(a []float32, u *Units, tr *Trace, first, t int)           // update of step t and the neurons from first on
	batch    func(b *Batch, w *Matrix, u *Units, in []*Inputs, tr []*Trace) // nil: forward for each stream
	indices  func(dst []uint32, v []uint64, base uint32) int
	scatter  func(s *Scatter, sums []float32, inputs []uint32, values []float32)

	sumBytes     func(s *intSum)
	panels       func(of *tier, m *Integers, u *Units, in *Inputs, own *Integers, spikes *Inputs, tr *Trace, first, end int, s *IntScratch) // nil: sums and updates in turn
	scatterBytes func(s *IntScatter, lanes []word, inputs []uint32)
	joinLanes    func(e *rowEnd, lanes []word, from int, packed bool)

	training
}

var generic = tier{
	name:     "generic",
	forward:  forwardGeneric,
	update:   updateSums,
	updateAt: updateGeneric,
	indices:  indicesGeneric,
	scatter:  scatterGeneric,

	sumBytes:     sumBytesGeneric,
	scatterBytes: scatterBytesGeneric,
	joinLanes:    joinLanesGeneric,
}

// tiers are those that this CPU has, best first; generic is the last.
var tiers = append(archTiers(), generic)

// kernels is the tier in use. It is atomic so that Use may be called at any
// time; as all tiers agree to the bit, no computation notices.
var kernels atomic.Pointer[tier]

// forced is the environment variable that names the tier to use.
const forced = "SNURUN_SIMD"

// ErrTier is the error of a tier that does not exist or that this CPU, or this
// build, does not have.
var ErrTier = errors.New("no such kernels")

var selection = choose(os.Getenv(forced))

// choose puts the named tier to use, or the best one for an empty name. If
// there is none of the name, it is generic, so that nothing crashes before the
// error is reported.
func choose(name string) error {
	kernels.Store(&tiers[0])
	if name == "" {
		return nil
	}
	t, err := find(name)
	if err != nil {
		kernels.Store(&tiers[len(tiers)-1])
		return fmt.Errorf("asm: %s=%s: %w", forced, name, err)
	}
	kernels.Store(t)
	return nil
}

func find(name string) (*tier, error) {
	for i := range tiers {
		if tiers[i].name == name {
			return &tiers[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %q; this CPU and build have %s", ErrTier, name, strings.Join(Tiers(), ", "))
}

// Err returns an ErrTier if the environment variable SNURUN_SIMD names a tier
// that is not to be had. Nothing should be computed then: the one who set it
// wants that tier or none.
func Err() error { return selection }

// Tier returns the name of the kernels in use: generic, avx2, avx512 or neon.
func Tier() string { return kernels.Load().name }

// Tiers returns the names of the tiers that this CPU has, the fastest first.
func Tiers() []string {
	names := make([]string, len(tiers))
	for i := range tiers {
		names[i] = tiers[i].name
	}
	return names
}

// Use puts the named tier to use until restore is called, for tests and
// benchmarks. It holds for the whole process.
func Use(name string) (restore func(), err error) {
	t, err := find(name)
	if err != nil {
		return nil, fmt.Errorf("asm: %w", err)
	}
	before := kernels.Swap(t)
	return func() { kernels.Store(before) }, nil
}
