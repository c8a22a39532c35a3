//go:build !board

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
)

// What is printed and where files lie leaves no trace in a model, and no
// checkpoint is refused for it.
func TestTrainingIsNamedByWhatMatters(t *testing.T) {
	data, dir := smallMNIST(t, 120), t.TempDir()
	start := filepath.Join(dir, "my start.msgpack")
	must(t, "train", "--data", data, "--out", start, "--holdout", "20", "--epochs", "1", "--draws", "1", "--hidden", "16")
	t.Chdir(dir)
	var models [][]byte
	for _, more := range [][]string{{"--init", start}, {"--init", "my start.msgpack", "-q", "--threads", "1"}} {
		must(t, append([]string{"train", "--data", data, "--out", "m.msgpack", "--holdout", "20", "--epochs", "1", "--draws", "1"}, more...)...)
		b, err := os.ReadFile("m.msgpack")
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, b)
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("another path of --init, and -q, give another model")
	}
	m, err := export.ReadFile("m.msgpack")
	const want = "snurun train --dataset mnist --data DIR --out MODEL --draws 1 --epochs 1 --holdout 20 --init 'my start.msgpack'"
	if err != nil || m.Metadata["command"] != want {
		t.Errorf("the command is %q, %v, expected %q", m.Metadata["command"], err, want)
	}

	must(t, trainArgs(data, "whole.msgpack")...)
	ctx, cancel := context.WithCancel(t.Context())
	if code := run(ctx, trainArgs(data, "parts.msgpack"), strings.NewReader(""), &afterLine{stop: cancel}, &bytes.Buffer{}); code != exitFailure {
		t.Fatalf("exit %d", code)
	}
	must(t, trainArgs(data, "parts.msgpack", "--resume", "--quiet")...)
	whole, err1 := os.ReadFile("whole.msgpack")
	parts, err2 := os.ReadFile("parts.msgpack")
	if err1 != nil || err2 != nil || !bytes.Equal(whole, parts) {
		t.Errorf("resumed with --quiet, the model differs (%v, %v)", err1, err2)
	}
}

func TestShellQuoted(t *testing.T) {
	for s, want := range map[string]string{
		"": "''", "64,64": "64,64", "1e-4": "1e-4", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "é": "'é'",
	} {
		if got := shellQuoted(s); got != want {
			t.Errorf("%q is quoted as %s, expected %s", s, got, want)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	data := smallMNIST(t, 60)
	before, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for args, says := range map[string]string{
		"--out=":                               "--out is empty",
		"--init " + shipped + " --planes 4c3":  "--planes and --init exclude each other",
		"--recipe nmnist":                      "recipe nmnist is for recordings: --dataset folder",
		"--init ../../testdata/nmnist.msgpack": "nmnist.msgpack is for recordings: --dataset folder",
		"--scale 2 --readout membrane_sum":     "--scale is for spike counts",
		"--scale 2 --loss mse":                 "--scale is for spike counts",
		"--scale 2 --init " + counting:         "",
		"--cost-ramp 2":                        "--cost-ramp is for a spike cost",
		"--cost-ramp 2 --recipe sparse":        "",
		"--reset subtract --bias 0":            "--bias below 0, or another --reset, is missing",
		"--reset subtract --recipe seed":       "--bias below 0, or another --reset, is missing",
		"--reset subtract":                     "",
		"--bias 0":                             "--bias below 0, or another --reset, is missing",
		"--bias 0 --reset zero":                "",
		"--theta-training fixed --reset zero":  "--theta-training is for --reset subtract",
		"--theta-training fixed":               "",
		"--theta-training half":                "theta \"half\" is unknown, expected fixed or threshold",
		"--error-clip 1":                       "are for --recurrent",
		"--recurrent --recurrent-rate -1":      "recurrent rate is -1, expected 0",
		"--recurrent --recurrent-gain -1":      "recurrent gain is -1, expected 0 or more",
		"--clip -1":                            "clip is -1, expected 0",
		"--clip 1 --recurrent --error-clip 0":  "",
		"--planes 4097c3":                      "found a number above 4096",
		"--planes 0c3":                         `found "0c3", expected a number from 1 to 4096`,
		"--planes c3":                          "expected a convolution such as 16c5",
		"--hidden 65536,65536":                 "weights of layer 1: shape [65536 65536]",
		"--planes 4c5p4096 --hidden 65536":     "weights of layer 1: shape",
		"--holdout 0":                          "",
		"--holdout -1":                         "--holdout is -1, expected 1 to 59",
		"--holdout 60":                         "--holdout is 60, expected 1 to 59",
		"--optimizer sgd --momentum 1":         "momentum is 1, expected at least 0 and below 1",
	} {
		line := append([]string{"train", "--data", data, "--epochs", "1", "--draws", "1", "--out", filepath.Join(t.TempDir(), "m.msgpack")}, strings.Fields(args)...)
		want := exitUsage
		if says == "" {
			want = exitOK
		}
		if _, diagnostics, code := snurun(t, line...); code != want || !strings.Contains(diagnostics, says) {
			t.Errorf("%s: exit %d, %q, expected one that says %q", args, code, diagnostics, says)
		}
	}
	if after, err := os.ReadDir("."); err != nil || len(after) != len(before) {
		t.Errorf("refused trainings leave files: %v, %v", after, err)
	}
}

// withIDX returns a copy of a folder of smallMNIST in which change was applied to
// the bytes of a file.
func withIDX(t *testing.T, from, name string, change func([]byte) []byte) string {
	t.Helper()
	dir := t.TempDir()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() == name {
			b = change(b)
		}
		writeFile(t, filepath.Join(dir, f.Name()), b)
	}
	return dir
}

// What cannot be trained or tested is refused before the first epoch.
func TestTrainRefusesData(t *testing.T) {
	data := smallMNIST(t, 60)
	below9 := func(b []byte) []byte {
		for i := range b[8:] {
			b[8+i] = min(b[8+i], 8)
		}
		return b
	}
	for says, dir := range map[string]string{
		"the test images have 14×56 pixels, those for training 28×28": withIDX(t, data, "t10k-images-idx3-ubyte", func(b []byte) []byte { b[11], b[15] = 14, 56; return b }),
		"the test images have 10 classes, those for training only 9":  withIDX(t, data, "train-labels-idx1-ubyte", below9),
		`has samples of a single class, "0"`:                          withIDX(t, withIDX(t, data, "train-labels-idx1-ubyte", zeroLabels), "t10k-labels-idx1-ubyte", zeroLabels),
	} {
		out, diagnostics, code := snurun(t, "train", "--dataset", "images", "--data", dir, "--epochs", "1", "--out", filepath.Join(dir, "m.msgpack"))
		if code != exitFailure || out != "" || !strings.Contains(diagnostics, says) {
			t.Errorf("exit %d, %q, %q, expected one that says %q", code, out, diagnostics, says)
		}
	}
}

func zeroLabels(b []byte) []byte {
	clear(b[8:])
	return b
}

// A diverged training keeps its checkpoint and says that it is in the way.
func TestDivergedTraining(t *testing.T) {
	data := smallMNIST(t, 60)
	for _, sick := range [][]string{
		{"--weight-decay", "1e30"},
		{"--lr", "1e37", "--readout", "membrane_sum", "--schedule", "constant", "--batch", "60"},
	} {
		out := filepath.Join(t.TempDir(), "m.msgpack")
		_, diagnostics, code := snurun(t, append([]string{"train", "--data", data, "--epochs", "2", "--draws", "1", "--out", out}, sick...)...)
		for _, says := range []string{"training diverged", "a lower learning rate may help", "delete " + out + ".checkpoint"} {
			if code != exitFailure || !strings.Contains(diagnostics, says) {
				t.Errorf("%v: exit %d, %q, expected one that says %q", sick, code, diagnostics, says)
			}
		}
		if _, err := os.Stat(out + ".checkpoint"); err != nil {
			t.Error(err)
		}
	}
}

// A training goes on when its output is full, writes its model, and fails then.
func TestTrainWithFullOutput(t *testing.T) {
	data, out := smallMNIST(t, 60), filepath.Join(t.TempDir(), "m.msgpack")
	full := errors.New("no space left")
	args := []string{"train", "--data", data, "--epochs", "2", "--draws", "1", "--hidden", "8", "--steps", "2", "--out", out}
	for _, format := range []string{"--json=false", "--json"} {
		for room := range 3 { // the line of an epoch, that of the next, and the last
			var diagnostics bytes.Buffer
			if code := run(t.Context(), append(args, format), strings.NewReader(""), &fullAfter{room, full}, &diagnostics); code != exitFailure || !strings.Contains(diagnostics.String(), full.Error()) {
				t.Errorf("%s, full after %d lines: exit %d, %q", format, room, code, diagnostics.String())
			}
			if m, err := export.ReadFile(out); err != nil || m.Metadata["epochs"] != 2.0 {
				t.Errorf("%v, %v", m, err)
			}
		}
	}
}

// fullAfter fails after some writes.
type fullAfter struct {
	room int
	err  error
}

func (f *fullAfter) Write(p []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// Ctrl-C in the last test loses nothing.
func TestInterruptedLastTest(t *testing.T) {
	data, dir := smallMNIST(t, 60), t.TempDir()
	args := func(out string, more ...string) []string {
		return append([]string{"train", "--data", data, "--epochs", "1", "--draws", "20", "--out", filepath.Join(dir, out)}, more...)
	}
	must(t, args("whole.msgpack")...)
	ctx, cancel := context.WithCancel(t.Context())
	var diagnostics bytes.Buffer
	// The line of the epoch is the last before the test.
	if code := run(ctx, args("parts.msgpack"), strings.NewReader(""), &afterLine{stop: cancel}, &diagnostics); code != exitFailure || !strings.Contains(diagnostics.String(), "in the last test: the same command with --resume goes on") {
		t.Fatalf("exit %d, %q", code, diagnostics.String())
	}
	must(t, args("parts.msgpack", "--resume")...)
	whole, err1 := os.ReadFile(filepath.Join(dir, "whole.msgpack"))
	parts, err2 := os.ReadFile(filepath.Join(dir, "parts.msgpack"))
	if err1 != nil || err2 != nil || !bytes.Equal(whole, parts) {
		t.Errorf("the resumed training gives another model (%v, %v)", err1, err2)
	}
}
