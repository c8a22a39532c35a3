//go:build !board

package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSeedsAndCompare trains three seeds in one command, goes on where one is
// missing, and sets them beside another network.
func TestSeedsAndCompare(t *testing.T) {
	data, dir := smallMNIST(t, 120), t.TempDir()
	out := filepath.Join(dir, "m.msgpack")
	args := []string{"train", "--data", data, "--out", out, "--epochs", "1", "--hidden", "8", "--draws", "1", "--seeds", "3", "--seed", "5"}
	text := must(t, args...)
	if !strings.Contains(text, "3 seeds: test accuracy ") {
		t.Errorf("train --seeds prints %s", text)
	}
	files := []string{filepath.Join(dir, "m-5.msgpack"), filepath.Join(dir, "m-6.msgpack"), filepath.Join(dir, "m-7.msgpack")}
	old := time.Unix(1, 0)
	for _, f := range files {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if again := must(t, append(args, "--resume")...); strings.Count(again, "epoch ") != 1 || again[strings.Index(again, "3 seeds"):] != text[strings.Index(text, "3 seeds"):] {
		t.Errorf("with --resume:\n%s", again)
	}
	other := filepath.Join(dir, "other.msgpack")
	must(t, "train", "--data", data, "--out", other, "--epochs", "1", "--hidden", "16", "--draws", "1")
	var c struct {
		Runs []comparison
	}
	if err := json.Unmarshal([]byte(must(t, append([]string{"compare", other, "--json"}, files...)...)), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Runs) != 2 || c.Runs[0].Seeds != 1 || c.Runs[1].Seeds != 3 || c.Runs[0].Choices["hidden"] != "16" || c.Runs[1].Choices["hidden"] != "8" || c.Runs[1].SampleUS <= 0 || c.Runs[0].Data != c.Runs[1].Data {
		t.Errorf("%+v", c)
	}
	mean := 0.0
	for _, r := range group(nil, true) {
		t.Errorf("a row of nothing: %+v", r)
	}
	runs, err := readRuns(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		mean += r.accuracy / 3
	}
	if math.Abs(mean-c.Runs[1].Accuracy) > 1e-12 {
		t.Errorf("accuracy %v, expected the mean %v", c.Runs[1].Accuracy, mean)
	}
	table := must(t, append([]string{"compare", "--single", other}, files...)...)
	if strings.Count(table, "\n") != 5 || !strings.Contains(table, "--hidden 8") || !strings.Contains(table, "--seed 6") {
		t.Errorf("compare prints\n%s", table)
	}
	for args, says := range map[string]string{"compare": "expected MODEL...", "train --data x --seeds 0": "--seeds is 0", "train --data x --seeds 1001": "at most 1000"} {
		if _, diagnostics, code := snurun(t, strings.Fields(args)...); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("%s: exit %d, %q", args, code, diagnostics)
		}
	}
}
