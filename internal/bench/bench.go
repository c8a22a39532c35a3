// Package bench measures how fast networks run on this machine, in each of the
// ways in which they can be used, and prints what it found.
package bench

import (
	"time"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// Options says what is measured, and for how long.
type Options struct {
	Batch   []int         // sizes of batches
	Threads []int         // numbers of threads
	Warmup  int           // unmeasured repetitions of each measurement
	Repeat  int           // measured ones
	Time    time.Duration // that a repetition takes at least
	// Progress is called before each repetition. May be nil.
	Progress func(done, total int, what string)
}

// Target is a model on one tier, with all that was measured of it.
type Target struct {
	file    string
	tier    string
	model   *model.Network
	net     *runtime.Network
	samples Samples
	session *runtime.Session
	margin  float32 // of early decisions, 0 for none
	early   int64   // steps of early decisions in a round

	read, compile, first time.Duration
	timings              []*measured
	profile              layerProfile
	peakRSS              int64 // bytes; 0 if it is not known or there are several targets
}

// NewTarget reads and compiles the model of a file for a tier of package asm,
// and runs the first of its samples, of which there must be one.
func NewTarget(file, tier string, samples func(*model.Network) (Samples, error)) (*Target, error) {
	restore, err := asm.Use(tier)
	if err != nil {
		return nil, err
	}
	defer restore()
	t := &Target{file: file, tier: tier}
	start := time.Now()
	if t.model, err = export.ReadFile(file); err != nil {
		return nil, err
	}
	t.read = time.Since(start)
	start = time.Now()
	if t.net, err = runtime.Compile(t.model); err != nil {
		return nil, err
	}
	t.compile = time.Since(start)
	if t.samples, err = samples(t.model); err != nil {
		return nil, err
	}
	start = time.Now()
	t.session = t.net.NewSession()
	if err := t.classify(t.session, 0); err != nil {
		return nil, err
	}
	t.first = time.Since(start)
	return t, nil
}

// DecideEarly has decisions measured, too, that wait for the leading score to be
// ahead by a margin above 0, as runtime.Session.ClassifyEarly defines them. Of
// several targets all must have one.
func (t *Target) DecideEarly(margin float32) { t.margin = margin }

// Model returns the model that is measured.
func (t *Target) Model() *model.Network { return t.model }
