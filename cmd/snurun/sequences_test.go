//go:build !board

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// tune writes a folder with pieces of music that go round in a circle.
func tune(t *testing.T) string {
	t.Helper()
	parts := map[string][][][]int{}
	for part, pieces := range map[string]int{"train": 12, "valid": 3, "test": 2} {
		for i := range pieces {
			var piece [][]int
			for k := range 6 + i%4 {
				piece = append(piece, []int{60 + (k+i)%4, 72 + (k+i)%4})
			}
			parts[part] = append(parts[part], piece)
		}
	}
	data, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tune.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// objects returns the JSON objects of lines.
func objects(t *testing.T, lines string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		all = append(all, o)
	}
	return all
}

// A network learns music from the command line, the best epoch is kept, and every other
// command takes it.
func TestTrainOnMusic(t *testing.T) {
	dir := tune(t)
	file := filepath.Join(t.TempDir(), "m.msgpack")
	out := must(t, "train", "--recipe", "jsb", "--data", dir, "--epochs", "25", "--hidden", "20", "--batch", "4", "--dropout", "0", "--transpose", "1", "--json", "--out", file)
	lines := objects(t, out)
	summary := lines[len(lines)-1]["summary"].(map[string]any)
	best, at := 1e9, 0.0
	for _, l := range lines {
		if nll, ok := l["valid_nll"].(float64); ok && nll < best {
			best, at = nll, l["epoch"].(float64)
		}
	}
	if summary["epoch"] != at || summary["valid_nll"] != best {
		t.Errorf("epoch %v is kept with %v nats, the best is %v with %v", summary["epoch"], summary["valid_nll"], at, best)
	}
	if nll := summary["test_nll"].(float64); nll > 6 {
		t.Errorf("%v nats a step of what goes round in a circle", nll)
	}
	m, err := export.ReadFile(file)
	if err != nil || m.Readout.Kind != model.StepSet || m.Metadata["epoch"] != at {
		t.Fatalf("%v, %+v", err, m.Metadata)
	}
	must(t, "verify", file)

	classified := objects(t, must(t, "classify", file, "--data", dir, "--json"))
	first, sum := classified[0], classified[len(classified)-1]["summary"].(map[string]any)
	if sum["nll"] != summary["test_nll"] || sum["steps_counted"] != 11.0 || len(first["sets"].([]any)) != 5 || len(first["targets"].([]any)) != 5 {
		t.Errorf("summary %v, first %v", sum, first)
	}
	if hasFleet {
		if _, said, code := snurun(t, "batch", "submit", file, filepath.Join(dir, "tune.json"), "--job", "j"); code != exitUsage || !strings.Contains(said, "decides at every step") {
			t.Errorf("a batch of it: exit %d, %s", code, said)
		}
	}
	csv := filepath.Join(t.TempDir(), "o.csv")
	text := must(t, "classify", file, "--data", dir, "--verbose", "--out", csv)
	if !strings.Contains(text, "step 4  ") || !strings.Contains(text, "nats a step") || !strings.Contains(text, "of 11 steps") {
		t.Errorf("classify says %q", text)
	}
	if rows, err := os.ReadFile(csv); err != nil || strings.Count(string(rows), "\n") != 12 || !strings.HasPrefix(string(rows), "input,index,step,target,decision,score_A0") {
		t.Errorf("%v, %.80q", err, rows)
	}
	if all := objects(t, must(t, "classify", file, filepath.Join(dir, "tune.json"), "--json")); len(all) != 18 {
		t.Errorf("%d lines of 17 pieces", len(all))
	}
	for _, figure := range []string{"chorale", "raster", "curves"} {
		picture := filepath.Join(t.TempDir(), "a.svg")
		args := []string{"plot", figure, file, "--out", picture}
		if figure != "curves" {
			args = append(args, "--data", dir)
		}
		must(t, args...)
	}
	for _, args := range [][]string{{"classify", file, "--data", dir, "--margin", "1"}, {"plot", "steps", file, "--data", dir, "--out", "a.png"}, {"classify", file, "--data", dir, "--skip-steps", "-1"}} {
		if _, said, code := snurun(t, args...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, said)
		}
	}
}

// Sequences with classes are learned from archives, in windows, and steps count as they
// are said to.
func TestTrainOnArchives(t *testing.T) {
	dir := t.TempDir()
	for part, n := range map[string]int{"train": 20, "test": 4} {
		writeSequences(t, filepath.Join(dir, part+".npz"), n)
	}
	file := filepath.Join(t.TempDir(), "m.msgpack")
	args := []string{"train", "--dataset", "sequences", "--data", dir, "--bin", "1ms", "--hidden", "16", "--recurrent", "--epochs", "20", "--batch", "5", "--window", "7", "--lr", "0.01", "--out", file}
	out := must(t, append(args, "--skip-steps", "1", "--unlabelled", "0", "--json")...)
	lines := objects(t, out)
	summary := lines[len(lines)-1]["summary"].(map[string]any)
	if a := summary["test_accuracy"].(float64); a < 0.8 {
		t.Errorf("accuracy %v", a)
	}
	if _, ok := summary["test_accuracy_labelled"]; !ok {
		t.Error("there is no accuracy over the steps with a class")
	}
	text := must(t, "classify", file, "--data", dir, "--skip-steps", "1", "--unlabelled", "0", "--json")
	all := objects(t, text)
	if got := all[len(all)-1]["summary"].(map[string]any); got["accuracy"] != summary["test_accuracy"] {
		t.Errorf("classify says %v, train %v", got["accuracy"], summary["test_accuracy"])
	}
	must(t, "classify", file, filepath.Join(dir, "test.npz"), "--confusion")
	must(t, "plot", "steps", file, "--data", dir, "--out", filepath.Join(t.TempDir(), "a.png"))
	for _, more := range [][]string{{"--dataset", "mnist"}, {"--unlabelled", "9"}, {"--transpose", "1"}, {"--keep", "first"}} {
		if _, said, code := snurun(t, append(args, more...)...); code == exitOK {
			t.Errorf("%v: exit %d, %s", more, code, said)
		}
	}
	if _, said, code := snurun(t, append(args, "--skip-steps", "20")...); code != exitUsage || !strings.Contains(said, "no step counts") {
		t.Errorf("without a step that counts: exit %d, %s", code, said)
	}
}

// A training that was interrupted goes on with the epoch that was best until then.
func TestBestEpochSurvives(t *testing.T) {
	c := &checkpoints{file: filepath.Join(t.TempDir(), "x.checkpoint")}
	tr := smallTrainer(t)
	history := []epochReport{{Epoch: 1, ValidNLL: 3}, {Epoch: 2, ValidNLL: 4}}
	if err := c.save(tr, history, kept{1, []byte("model")}); err != nil {
		t.Fatal(err)
	}
	got, best, err := c.open(tr, true)
	if err != nil || len(got) != 2 || best.Epoch != 1 || string(best.Model) != "model" {
		t.Errorf("%v, %+v, %v", got, best, err)
	}
	if err := c.save(tr, history, kept{3, nil}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.open(tr, true); err == nil {
		t.Error("the third of two epochs was taken")
	}
}

// writeSequences writes sequences of 20 steps and 3 channels whose class is the channel
// that was active last; of the first sample the last step has none.
func writeSequences(t *testing.T, path string, n int) {
	t.Helper()
	const steps, size = 20, 3
	x, y := make([]uint8, n*steps*size), make([]uint8, n*steps)
	for i := range n {
		last := i % size
		for k := range steps {
			if k == 0 || (i*5+k*3)%7 == 0 {
				last = (last + 1 + k%2) % size
				x[(i*steps+k)*size+last] = 1
			}
			y[i*steps+k] = uint8(last)
		}
	}
	y[steps-1] = 255
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := npy.NewZipWriter(f)
	for name, a := range map[string]struct {
		data  []uint8
		shape []int
	}{"x": {x, []int{n, steps, size}}, "y": {y, []int{n, steps}}} {
		array, err := npy.New(a.data, a.shape...)
		if err == nil {
			err = z.Add(name, array)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// smallTrainer returns a trainer of a sequence or two.
func smallTrainer(t *testing.T) *train.Trainer {
	t.Helper()
	in := model.Input{Shape: []int{2}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	source, err := dataset.FromSequences([]spike.Train{spike.NewTrain(3, 2)}, []int{2}, []dataset.Targets{{Classes: []int{0, 1, 1}}}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	p := train.DefaultTopology(in, 3, source.Classes())
	p.Hidden, p.Readout = []int{4}, model.StepClass
	m, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	c := train.Defaults()
	c.Loss = train.Loss{Kind: train.CrossEntropy}
	tr, err := train.New(m, source, []int{0}, c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}
