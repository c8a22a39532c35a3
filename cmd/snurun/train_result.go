//go:build !board

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// The self-test of a trained model has up to so many samples, of so many bytes
// together if it has more than one.
const (
	selfTestInputs = 4
	selfTestBytes  = 1 << 20
)

// selfTestSamples returns the number of samples of a model's self-test.
func selfTestSamples(m *model.Network) int {
	bits := float64(m.Steps) * float64(m.Input.Size())
	if m.Input.Encoder.Analog() {
		bits *= 32
	}
	return int(max(1, min(selfTestInputs, 8*selfTestBytes/bits)))
}

// finalTest runs the test under draws of noise.
func (j *job) finalTest(ctx context.Context, m *model.Network) ([]evaluate.Summary, error) {
	net, err := runtime.Compile(m)
	if err != nil {
		return nil, err
	}
	return evaluate.New(net).Draws(ctx, j.testSet(m), j.options.draws, evaluate.Options{Threads: j.options.threads})
}

// describe adds name, metadata and self-test to a trained model. Nothing in
// them depends on the machine or the time.
func (j *job) describe(m *model.Network, test evaluate.Estimate, epoch epochReport) error {
	m.Name = fmt.Sprintf("%s-%s", j.options.dataset, j.options.recipe)
	m.CreatedBy = createdBy()
	curve, err := curveOf(j.history)
	if err != nil {
		return err
	}
	m.Metadata = map[string]any{
		"command":          j.options.command(),
		configurationKey:   j.options.configuration(),
		"data_digest":      j.digest,
		"dataset":          j.options.dataset,
		"training_samples": float64(len(j.used)),
		"held_out_samples": float64(len(j.held)),
		"epochs":           float64(j.options.plan.Config.Epochs),
		"seed":             strconv.FormatUint(j.options.plan.Config.Seed, 10),
		"surrogate":        j.options.plan.Config.Surrogate.String(),
		"test_accuracy":    test.Mean,
		"test_accuracy_se": test.Error,
		"test_draws":       float64(j.options.draws),
		"history":          curve,
	}
	if j.options.plan.KeepBest {
		m.Metadata["epoch"] = float64(epoch.Epoch)
	}
	if m.Readout.Kind.EachStep() {
		m.Metadata["valid_nll"], m.Metadata["test_nll"] = epoch.ValidNLL, epoch.TestNLL
	}
	if j.testHeld {
		m.Metadata["test_set"] = "held out"
	}
	set := j.heldOut(m)
	set.Indices = set.Indices[:min(selfTestSamples(m), len(set.Indices))]
	return evaluate.AddSelfTest(m, set)
}

// maxCurve bounds the history in a model file, whose strings are bounded.
const maxCurve = 60000

// curveOf returns the history as JSON with numbers of five digits; of a history
// too long for a model file, every second, third, … epoch.
func curveOf(history []epochReport) (string, error) {
	short := func(v float64) float64 {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
		return v
	}
	for every := 1; ; every++ {
		var thin []epochReport
		for i, r := range history {
			if (i+1)%every == 0 || i == len(history)-1 {
				firing := slices.Clone(r.Firing)
				for k := range firing {
					firing[k] = short(firing[k])
				}
				thin = append(thin, epochReport{
					Epoch: r.Epoch, Loss: short(r.Loss), TrainAccuracy: short(r.TrainAccuracy), HeldAccuracy: short(r.HeldAccuracy),
					TestAccuracy: short(r.TestAccuracy), SpikesPerSample: short(r.SpikesPerSample), HiddenSpikesPerSample: short(r.HiddenSpikesPerSample), LR: short(r.LR),
					ValidNLL: short(r.ValidNLL), TestNLL: short(r.TestNLL), Firing: firing,
				})
			}
		}
		curve, err := json.Marshal(thin)
		if err != nil || len(curve) <= maxCurve {
			return string(curve), err
		}
	}
}
