//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/train"
)

// TestChoicesAreAll gives the choices of each recipe to another one: the setup must
// become that of the recipe. So no choice is missing, and what is written in a model
// trains the same network whatever its recipe comes to mean.
func TestChoicesAreAll(t *testing.T) {
	classes := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	for _, r := range train.Recipes() {
		shape := recipeShapes[r.Name]
		if shape == nil {
			shape = []int{28, 28}
		}
		want := r.Setup(shape, classes)
		for _, start := range train.Recipes() {
			o := trainOptions{shape: want.Topology.Input.Shape}
			o.plan = start.Setup(shape, classes)
			if o.plan.Topology.Input.Encoder.Coding != want.Topology.Input.Encoder.Coding {
				continue // which comes with the data
			}
			cmd := newTrainWith(&o)
			for flag, value := range choicesOf(r) {
				if err := cmd.Flags().Set(flag, value); err != nil {
					t.Fatalf("%s: --%s %s: %v", r.Name, flag, value, err)
				}
			}
			if err := o.override(); err != nil {
				t.Errorf("%s by flags: %v", r.Name, err)
				continue
			}
			got := o.plan
			got.Config.Context, got.Config.Threads = want.Config.Context, want.Config.Threads
			// Of what has no meaning in a recipe nothing is said.
			got.Topology.Input, got.Topology.Slope = want.Topology.Input, want.Topology.Slope
			if !want.Topology.Recurrent {
				got.Topology.RecurrentGain, got.Config.RecurrentRate, got.Config.ErrorClip = want.Topology.RecurrentGain, want.Config.RecurrentRate, want.Config.ErrorClip
			}
			if want.Topology.Init != train.Firing {
				got.Topology.Gain, got.Topology.Active, got.Topology.ActiveHidden = want.Topology.Gain, want.Topology.Active, want.Topology.ActiveHidden
			}
			if want.Topology.Reset != "subtract" {
				got.Config.Theta = want.Config.Theta
			}
			if want.Config.Loss.Kind != train.CrossEntropy || want.Topology.Readout != "spike_count" {
				got.Config.Loss.Scale = want.Config.Loss.Scale
			}
			if !want.Topology.Readout.EachStep() {
				got.Prior, got.Judging, got.Config.Window = want.Prior, want.Judging, want.Config.Window
			}
			if want.Config.SpikeCost == 0 {
				got.Config.CostRamp = want.Config.CostRamp
			}
			if want.Config.Optimizer.Kind != train.SGD {
				got.Config.Optimizer.Momentum = want.Config.Optimizer.Momentum
			}
			if want.Config.Schedule.Kind != train.Halving {
				got.Config.Schedule.Every = want.Config.Schedule.Every
			}
			if len(got.Topology.Hidden)+len(want.Topology.Hidden) == 0 {
				got.Topology.Hidden = want.Topology.Hidden
			}
			if len(got.Topology.Planes)+len(want.Topology.Planes) == 0 {
				got.Topology.Planes = want.Topology.Planes
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s with the choices of %s:\n%+v, expected\n%+v", start.Name, r.Name, got, want)
			}
		}
	}
}

// TestTrainFromConfiguration trains the same bytes from what a model says of its
// training, and from a file, beside which flags count.
func TestTrainFromConfiguration(t *testing.T) {
	data, dir := smallMNIST(t, 120), t.TempDir()
	first, second, third := filepath.Join(dir, "a.msgpack"), filepath.Join(dir, "b.msgpack"), filepath.Join(dir, "c.msgpack")
	must(t, "train", "--data", data, "--out", first, "--epochs", "2", "--hidden", "12:zero,8:elu", "--draws", "1", "--limit", "64", "--class-weights", "balanced")
	must(t, "train", "--data", data, "--out", second, "--config", first, "--draws", "1", "--limit", "64")
	a, errA := export.ReadFile(first)
	b, errB := export.ReadFile(second)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if !reflect.DeepEqual(a.Layers, b.Layers) || a.Layers[0].Reset != "zero" || a.Layers[1].Activation != "elu" || a.Layers[1].Reset != "subtract" {
		t.Errorf("%s and %s differ, or have other layers: %+v", first, second, a.Topology())
	}
	for _, key := range []string{"configuration", "data_digest"} {
		if a.Metadata[key] != b.Metadata[key] || a.Metadata[key] == "" {
			t.Errorf("%s: %v and %v", key, a.Metadata[key], b.Metadata[key])
		}
	}
	if text := a.Metadata["configuration"].(string); !strings.Contains(text, "\nclass-weights = balanced\n") || !strings.Contains(text, "\nhidden = 12:zero,8:elu\n") {
		t.Errorf("configuration:\n%s", text)
	}
	file := filepath.Join(dir, "settings")
	writeFile(t, file, []byte("# small\n--hidden = 8\nepochs = 9\ndraws=1\n\n"))
	if _, diagnostics, code := snurun(t, "train", "--data", data, "--out", third, "--config", file, "--epochs", "1"); code != exitOK ||
		!strings.Contains(diagnostics, "network  784-8-10, 18 neurons,") || !strings.Contains(diagnostics, "recipe   default, 1 epochs of 2 updates") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	for text, says := range map[string]string{
		"epochs 3":              "settings:1: found \"epochs 3\", expected FLAG = VALUE",
		"depth = 3":             "settings:1: train has no flag --depth to set",
		"epochs = x":            "settings:1: epochs = \"x\"",
		"epochs = 3\nepochs= 4": "settings:2: epochs is set in line 1 already",
	} {
		writeFile(t, file, []byte(text))
		if _, diagnostics, code := snurun(t, "train", "--data", data, "--out", third, "--config", file); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("%q: exit %d, %q, expected %q", text, code, diagnostics, says)
		}
	}
	if _, diagnostics, code := snurun(t, "train", "--data", data, "--config", shipped); code != exitFailure || !strings.Contains(diagnostics, "does not say what it was trained with") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
}

// TestResumeWithMoreEpochs goes on from a finished training, and names what differs
// from the one that is interrupted.
func TestResumeWithMoreEpochs(t *testing.T) {
	data, out := smallMNIST(t, 120), filepath.Join(t.TempDir(), "m.msgpack")
	args := []string{"train", "--data", data, "--out", out, "--hidden", "8", "--draws", "1", "--keep-checkpoint", "--json"}
	must(t, append(args, "--epochs", "1")...)
	_, diagnostics, code := snurun(t, append(args, "--epochs", "3", "--resume", "--lr", "0.5", "--batch", "32")...)
	if code != exitFailure || !strings.Contains(diagnostics, "written by a training with other flags: --batch was 64 and is 32, --lr was 0.004 and is 0.5") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	lines := strings.Split(strings.TrimSpace(must(t, append(args, "--epochs", "3", "--resume")...)), "\n")
	var r epochReport
	if err := json.Unmarshal([]byte(lines[0]), &r); err != nil || r.Epoch != 2 || len(lines) != 3 {
		t.Errorf("%v: error %v, expected epochs 2 and 3", lines, err)
	}
}

// TestPatience stops where nothing gets better: with a learning rate of 0 that is
// after the first epoch.
func TestPatience(t *testing.T) {
	data, out := smallMNIST(t, 120), filepath.Join(t.TempDir(), "m.msgpack")
	text, diagnostics, code := snurun(t, "train", "--data", data, "--out", out, "--hidden", "8", "--draws", "1", "--lr", "0", "--epochs", "9", "--patience", "2")
	if code != exitOK || strings.Count(text, "epoch ") != 4 || !strings.Contains(text, ", of epoch 1, ") || !strings.Contains(diagnostics, "stopped after 3 epochs: none of the last 2 was better than epoch 1") {
		t.Errorf("exit %d, %q, %q", code, text, diagnostics)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
}

// TestTrainHelpFits is what one reads before the first training.
func TestTrainHelpFits(t *testing.T) {
	help := must(t, "train", "--help")
	if n := strings.Count(help, "\n"); n > 150 {
		t.Errorf("%d lines, expected at most 150: three screens of 50", n)
	}
	newTrain().Flags().VisitAll(func(f *pflag.Flag) {
		if strings.Count(help, "--"+f.Name+" ") == 0 && f.Name != "help" && !f.Hidden {
			t.Errorf("--%s is in no group", f.Name)
		}
	})
	for _, part := range []string{"\nData:\n", "\nLearning:\n", `(default "adam")`, "(default 0.004)"} {
		if !strings.Contains(help, part) {
			t.Errorf("the help lacks %q", part)
		}
	}
}

func TestRecipes(t *testing.T) {
	if out := must(t, "recipes"); strings.Count(out, "\n") != len(train.Recipes()) {
		t.Errorf("recipes prints %q", out)
	}
	out := must(t, "recipes", "best")
	for _, part := range []string{"snurun train --recipe best \\\n    --steps 10 --rate-hz 100", "--readout membrane_sum", "--epochs 100 --batch 256", "--shift 1 --rotate 0.1"} {
		if !strings.Contains(out, part) {
			t.Errorf("recipes best lacks %q:\n%s", part, out)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), []string{"recipes", "worst"}, nil, &stdout, &stderr); code != exitUsage {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
}
