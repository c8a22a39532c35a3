//go:build !board

package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// classified returns the lines of classify --json and its summary.
func classified(t *testing.T, args ...string) (lines []outcome, summary map[string]any) {
	t.Helper()
	out := strings.Split(strings.TrimSpace(must(t, append([]string{"classify", shipped, "--json"}, args...)...)), "\n")
	var end struct{ Summary map[string]any }
	if err := json.Unmarshal([]byte(out[len(out)-1]), &end); err != nil {
		t.Fatal(err)
	}
	for _, line := range out[:len(out)-1] {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, o)
	}
	return lines, end.Summary
}

// TestClassifyTable compares the file of --out with the lines of --json; it is
// the same with and without them, and on any number of threads.
func TestClassifyTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a.csv")
	lines, _ := classified(t, "--limit", "400", "--out", name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []string{"1", "3"} {
		other := filepath.Join(dir, "b.csv")
		must(t, "classify", shipped, "--limit", "400", "--threads", threads, "--out", other)
		if again, err := os.ReadFile(other); err != nil || string(again) != string(text) {
			t.Errorf("on %s threads the file is another: %v", threads, err)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := "input,file,index,label,class,label_name,class_name,steps,spikes,synops,score_0,score_1,score_2,score_3,score_4,score_5,score_6,score_7,score_8,score_9"; strings.Join(rows[0], ",") != want {
		t.Errorf("header %v, expected %s", rows[0], want)
	}
	if len(rows) != 401 || len(lines) != 400 {
		t.Fatalf("%d rows for %d lines", len(rows), len(lines))
	}
	for i, row := range rows[1:] {
		o := lines[i]
		want := []string{o.Input, o.Input, strconv.Itoa(o.Index), strconv.Itoa(*o.Label), strconv.Itoa(o.Class), strconv.Itoa(*o.Label), o.Name, strconv.Itoa(o.Steps), strconv.FormatInt(o.Spikes, 10), row[9]}
		for _, z := range o.Scores {
			want = append(want, strconv.FormatFloat(float64(z), 'g', -1, 32))
		}
		if !slices.Equal(row, want) {
			t.Fatalf("row %v, expected %v", row, want)
		}
	}
}

// TestClassifyOutFiles names the file of each recording of a folder.
func TestClassifyOutFiles(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a.csv")
	must(t, "classify", "../../testdata/nmnist.msgpack", "--data", "../../testdata/nmnist", "--limit", "2", "--out", name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	for i, file := range []string{"60004.bs2", "60003.bs2"} {
		if row := rows[i+1]; row[0] != "../../testdata/nmnist" || row[1] != filepath.Join("../../testdata/nmnist", file) || row[2] != strconv.Itoa(i) {
			t.Errorf("row %v, expected the file %s", row, file)
		}
	}
}

func TestClassifyConfusion(t *testing.T) {
	t.Parallel()
	lines, summary := classified(t, "--limit", "300", "--confusion")
	var want [10][10]float64
	for _, o := range lines {
		want[*o.Label][o.Class]++
	}
	accuracies := summary["class_accuracy"].([]any)
	text := must(t, "classify", shipped, "--limit", "300", "--confusion")
	for label, row := range summary["confusion"].([]any) {
		sum := 0.0
		for class, n := range row.([]any) {
			if n != want[label][class] {
				t.Errorf("%v samples of class %d were taken for %d, expected %v", n, label, class, want[label][class])
			}
			sum += n.(float64)
		}
		if accuracies[label] != want[label][label]/sum {
			t.Errorf("accuracy of class %d: %v", label, accuracies[label])
		}
		start := strings.Fields(strconv.Itoa(label) + " " + strconv.Itoa(int(sum)) + " " + strconv.FormatFloat(100*want[label][label]/sum, 'f', 2, 64) + " %")
		if !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
			f := strings.Fields(line)
			return len(f) == 14 && slices.Equal(f[:4], start)
		}) {
			t.Errorf("no row of class %d, %v, in\n%s", label, start, text)
		}
	}
	if _, plain := classified(t, "--limit", "3"); plain["confusion"] != nil {
		t.Error("confusion without being asked for")
	}
	unlabelled := filepath.Join(t.TempDir(), "x.npy")
	writeFile(t, unlabelled, npyOf(t, make([]uint8, 3*784), 3, 784))
	if out := must(t, "classify", shipped, unlabelled, "--confusion"); !strings.Contains(out, "no confusion: the classes of the samples are not known") {
		t.Errorf("%q", out)
	}
}

// TestClassifyTimesTheFirst counts the latencies of a run without lines: the
// totals are those of all samples.
func TestClassifyTimesTheFirst(t *testing.T) {
	t.Parallel()
	_, want := classified(t, "--limit", "500")
	out := must(t, "classify", shipped, "--limit", "500")
	for _, line := range []string{
		"samples     500\n", "(" + strconv.Itoa(int(want["correct"].(float64))) + " of 500)",
		"spikes      " + strconv.FormatFloat(want["spikes_per_sample"].(float64), 'f', 0, 64) + " a sample\n",
		"synops      " + strconv.FormatFloat(want["synops_per_sample"].(float64), 'f', 0, 64) + " a sample\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("%q lacks %q", out, line)
		}
	}
}
