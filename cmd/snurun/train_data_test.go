//go:build !board

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// sweep is a recording of 8 × 6 pixels and 30 ms in which a bar moves to the
// left or to the right, from another place for every n.
func sweep(t *testing.T, class string, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := event.NewWriter("nmnist", &b, event.Size{Width: 8, Height: 6})
	if err != nil {
		t.Fatal(err)
	}
	for k := range 10 {
		x := (n + k) % 8
		if class == "left" {
			x = (n + 8 - k%8) % 8
		}
		for y := range 6 {
			if (y+k+n)%4 == 0 {
				continue
			}
			if err := w.Write([]event.Event{{T: int64(3000*k + 10*y), X: uint16(x), Y: uint16(y), P: uint8(k+y) % 2}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sweeps writes recordings into subfolders train and test, and all of them with
// lists into a folder lists.
func sweeps(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	lists := map[string]string{"train": "#sample #class\n", "test": "#sample #class\n"}
	for i, class := range []string{"left", "right"} {
		for n := range 32 {
			part := "train"
			if n%4 == 0 {
				part = "test"
			}
			number := fmt.Sprint(100*i + n)
			lists[part] += number + "\t" + class + "\r\n"
			for _, name := range []string{filepath.Join(part, class, number), filepath.Join("lists", number)} {
				path := filepath.Join(dir, name+".bs2")
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				writeFile(t, path, sweep(t, class, n))
			}
		}
	}
	for part, list := range lists {
		writeFile(t, filepath.Join(dir, "lists", part+".txt"), []byte(list))
	}
	return dir
}

// sweepArgs trains a small network on sweeps.
func sweepArgs(data, out string, more ...string) []string {
	return append([]string{
		"train", "--dataset", "folder", "--data", data, "--out", out, "--input", "2,6,8", "--bin", "3ms",
		"--hidden", "32", "--batch", "8", "--epochs", "15", "--readout", "membrane_sum", "--json",
	}, more...)
}

// summaryOf returns the summary at the end of JSON lines.
func summaryOf(t *testing.T, lines string) map[string]any {
	t.Helper()
	all := strings.Split(strings.TrimSpace(lines), "\n")
	var s struct{ Summary map[string]any }
	if err := json.Unmarshal([]byte(all[len(all)-1]), &s); err != nil {
		t.Fatal(err)
	}
	return s.Summary
}

// Subfolders and lists of the same recordings train networks that tell left
// from right, and that classify the same in every way to name the recordings.
func TestTrainOnRecordings(t *testing.T) {
	dir := sweeps(t)
	lists := filepath.Join(dir, "lists")
	out := filepath.Join(dir, "model.msgpack")
	for name, args := range map[string][]string{
		"subfolders": sweepArgs(dir, out),
		"lists":      sweepArgs(lists, out, "--list", "train.txt", "--test-list", filepath.Join(lists, "test.txt")),
		"counts":     sweepArgs(lists, out, "--list", "train.txt", "--test-list", "test.txt", "--counts"),
		"augmented":  sweepArgs(dir, out, "--shift", "0.6", "--time-jitter", "1"),
	} {
		s := summaryOf(t, must(t, args...))
		accuracy := s["test_accuracy"].(float64)
		if accuracy < 0.9 || s["test_draws"] != 1.0 {
			t.Errorf("%s: %v", name, s)
		}
		m, err := export.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		want := model.Encoder{Coding: model.Events, BinUS: 3000, Counts: name == "counts"}
		if !reflect.DeepEqual(m.Input.Encoder, want) || !slices.Equal(m.Input.Shape, []int{2, 6, 8}) || m.Steps != 10 || m.Input.Dt != 3 || !slices.Equal(m.Classes, []string{"left", "right"}) {
			t.Errorf("%s: input %+v, %d steps of %v ms, classes %q", name, m.Input, m.Steps, m.Input.Dt, m.Classes)
		}
		must(t, "verify", out)

		scores := map[string][]string{}
		for how, args := range map[string][]string{
			"subfolders":     {"--data", dir},
			"list in folder": {"--data", lists, "--list", "test.txt"},
			"list":           {"--list", filepath.Join(lists, "test.txt"), "--threads", "3"},
		} {
			printed := must(t, append([]string{"classify", out, "--json"}, args...)...)
			if s := summaryOf(t, printed); s["samples"] != 16.0 || s["accuracy"] != accuracy {
				t.Errorf("%s: classify %s: %v, trained to %v", name, how, s, accuracy)
			}
			for _, line := range strings.Split(printed, "\n")[:16] {
				scores[how] = append(scores[how], scoresOf(t, line))
			}
			slices.Sort(scores[how]) // the order is another
		}
		if !slices.Equal(scores["subfolders"], scores["list"]) || !slices.Equal(scores["list in folder"], scores["list"]) {
			t.Errorf("%s: scores differ: %v", name, scores)
		}
	}
	m, err := export.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if command := m.Metadata["command"].(string); strings.Contains(command, dir) {
		t.Errorf("the command %q names a folder of this machine", command)
	}
}

// Recordings on the command line have labels if labels.txt lies beside them.
func TestClassifyRecordings(t *testing.T) {
	dir := sweeps(t)
	lists, out := filepath.Join(dir, "lists"), filepath.Join(dir, "model.msgpack")
	must(t, sweepArgs(dir, out, "--epochs", "1")...)
	files := []string{filepath.Join(lists, "0.bs2"), filepath.Join(lists, "104.bs2")}
	first := must(t, append([]string{"classify", out, "--json"}, files...)...)
	if strings.Contains(first, `"label"`) {
		t.Errorf("labels without a list: %s", first)
	}
	list, err := os.ReadFile(filepath.Join(lists, "test.txt"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(lists, "labels.txt"), list)
	second := must(t, append([]string{"classify", out, "--json"}, files...)...)
	if lines := strings.Split(second, "\n"); !strings.Contains(lines[0], `"label":0`) || !strings.Contains(lines[1], `"label":1`) || scoresOf(t, first) != scoresOf(t, second) {
		t.Errorf("with a list: %s", second)
	}
	for _, c := range []struct{ name, data, says string }{
		{"other.csv", "4,8,1,0\n", "x=8 y=1, t=4 µs, of a sensor of unknown size is outside the 8x6 pixels"},
		{"cut.bs2", "\x01\x02\x03", "byte 0"},
	} {
		path := filepath.Join(dir, c.name)
		writeFile(t, path, []byte(c.data))
		if _, diagnostics, code := snurun(t, "classify", out, path); code != exitFailure || !strings.Contains(diagnostics, path) || !strings.Contains(diagnostics, c.says) {
			t.Errorf("%s: exit %d, %q, expected %q", c.name, code, diagnostics, c.says)
		}
	}
}

// The list beside recordings is read once, not once a recording: memory taken
// does not grow with their number.
func TestOpenInputsReadsListOnce(t *testing.T) {
	m, dir := &model.Network{Input: model.Input{Encoder: model.Encoder{Coding: model.Events}}}, t.TempDir()
	var list bytes.Buffer
	for i := range 20000 {
		fmt.Fprintf(&list, "%d.npy %d\n", i, i%10)
	}
	writeFile(t, filepath.Join(dir, "labels.txt"), list.Bytes())
	var names []string
	for i := range 40 {
		names = append(names, filepath.Join(dir, fmt.Sprintf("%d.npy", i)))
		writeFile(t, names[i], npyOf(t, []uint8{0, 1}, 1, 2))
	}
	bytesFor := func(names []string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		inputs, err := openInputs(t.Context(), m, names, "", nil, readingFlags{})
		if err != nil || inputs[len(names)-1].source.Label(0) != (len(names)-1)%10 {
			t.Fatal(inputs, err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	one, all := bytesFor(names[:1]), bytesFor(names)
	if all > 3*one {
		t.Errorf("%d bytes for one recording, %d for %d", one, all, len(names))
	}
}

// Without recordings to test on, those held out are tested, and the model says
// so. A network can be the start of another training.
func TestTrainOnHeldOutRecordings(t *testing.T) {
	dir := sweeps(t)
	one, two := filepath.Join(dir, "one.msgpack"), filepath.Join(dir, "two.msgpack")
	printed, diagnostics, code := snurun(t, sweepArgs(filepath.Join(dir, "train"), one, "--holdout", "12")...)
	if code != exitOK || !strings.Contains(diagnostics, "held out") {
		t.Fatalf("exit %d: %s", code, diagnostics)
	}
	if s := summaryOf(t, printed); s["held_accuracy"] != s["test_accuracy"] {
		t.Errorf("summary %v", s)
	}
	args := []string{"train", "--dataset", "folder", "--data", dir, "--init", one, "--out", two, "--epochs", "1"}
	if printed = must(t, args...); !strings.Contains(printed, "test accuracy ") || strings.Contains(printed, "draws") {
		t.Errorf("training on: %s", printed)
	}
	m, err := export.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	next, err := export.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if m.Metadata["test_set"] != "held out" || next.Metadata["test_set"] != nil || next.Steps != m.Steps || !slices.Equal(next.Input.Shape, m.Input.Shape) {
		t.Errorf("metadata %v, then %v", m.Metadata, next.Metadata)
	}
}

// Images of another size train and classify under MNIST's file names.
func TestTrainOnImages(t *testing.T) {
	const height, width, count = 5, 7, 60
	dir := t.TempDir()
	for _, part := range []string{"train", "t10k"} {
		images := []byte{0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, height, 0, 0, 0, width}
		labels := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, count)
		for i := range count {
			pixels := make([]byte, height*width)
			for x := range width { // one row of three is lit
				pixels[i%3*2*width+x] = 255
			}
			images, labels = append(images, pixels...), append(labels, byte(i%3))
		}
		writeFile(t, filepath.Join(dir, part+"-images-idx3-ubyte"), images)
		writeFile(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels)
	}
	writeFile(t, filepath.Join(dir, "classes.txt"), []byte("top\nmiddle row\nbottom\n"))
	out := filepath.Join(dir, "model.msgpack")
	must(t, "train", "--dataset", "images", "--data", dir, "--out", out, "--hidden", "32", "--batch", "8", "--epochs", "15", "--draws", "1", "--input", "1,5,7", "--steps", "20")
	m, err := export.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Classes, []string{"top", "middle row", "bottom"}) || !slices.Equal(m.Input.Shape, []int{1, height, width}) {
		t.Errorf("classes %q, input %v", m.Classes, m.Input.Shape)
	}
	if s := summaryOf(t, must(t, "classify", out, "--data", dir, "--json")); s["samples"] != float64(count) || s["accuracy"].(float64) < 0.9 {
		t.Errorf("summary %v", s)
	}
}

func TestDataFlags(t *testing.T) {
	dir := sweeps(t)
	out := filepath.Join(dir, "model.msgpack")
	for _, c := range []struct{ args, says string }{
		{"train --data d --list l", "--list is for recordings: --dataset folder"},
		{"train --data d --time-jitter 1", "--time-jitter is for recordings"},
		{"train --dataset folder", "--data is missing"},
		{"train --dataset folder --data d --input 2,0", "--input is [2 0], expected a shape"},
		{"train --dataset folder --data d --bin 0", "--bin is 0"},
		{"train --input 2147483647 --data " + smallMNIST(t, 60), "--input is [2147483647], the images have 28×28 pixels"},
		{"train --dataset folder --input 2,6,8 --bin 1us --data " + dir, "--steps is missing: the longest recording has 27051 steps of 1 µs"},
		{"train --dataset folder --input 128 --bin 3ms --shift 1 --data " + filepath.Join(dir, "lists") + " --list train.txt", "have no pixels"},
		{"train --dataset folder --init m --input 2,6,8 --data d", "no such file"},
		{"classify m --list l x.bs2", "--list and INPUT exclude each other"},
	} {
		args := strings.Fields(c.args)
		if args[0] == "train" {
			args = append(args, "--out", out)
		}
		_, diagnostics, code := snurun(t, args...)
		want := exitUsage
		if strings.Contains(c.says, "no such") {
			want = exitFailure
		}
		if code != want || !strings.Contains(diagnostics, c.says) {
			t.Errorf("snurun %s: exit %d, %q, expected exit %d and %q", c.args, code, diagnostics, want, c.says)
		}
	}
}

// The N-MNIST subset trains from its lists.
func TestTrainOnNMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on a thousand recordings")
	}
	data := filepath.Join("..", "..", "..", "shared", "data", "nmnist-small")
	if _, err := os.Stat(data); err != nil {
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "model.msgpack")
	printed := must(t, "train", "--dataset", "folder", "--data", data, "--list", "train1K.txt", "--test-list", "test100.txt", "--input", "2,34,34",
		"--bin", "30ms", "--hidden", "64", "--readout", "membrane_sum", "--shift", "1", "--epochs", "6", "--json", "--out", out)
	s := summaryOf(t, printed)
	if s["test_accuracy_ties_lowest"] != s["test_accuracy"] {
		t.Errorf("membranes tie: summary %v", s)
	}
	if accuracy := s["test_accuracy"].(float64); accuracy < 0.7 {
		t.Errorf("test accuracy %v", accuracy)
	}
	if c := summaryOf(t, must(t, "classify", out, "--json", "--list", filepath.Join(data, "test100.txt"))); c["accuracy"] != s["test_accuracy"] {
		t.Errorf("classify finds %v, train %v", c["accuracy"], s["test_accuracy"])
	}
}

func TestListsAreFound(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "here.txt"), nil)
	t.Chdir(dir)
	for _, c := range [][3]string{
		{"data", "", ""},
		{"data", "here.txt", "here.txt"},
		{"data", "there.txt", filepath.Join("data", "there.txt")},
		{"", "there.txt", "there.txt"},
		{"data", filepath.Join(dir, "none.txt"), filepath.Join(dir, "none.txt")},
	} {
		if got := inFolder(c[0], c[1]); got != c[2] {
			t.Errorf("list %q of folder %q is %q, expected %q", c[1], c[0], got, c[2])
		}
	}
}

// TestTrainSeries trains on values in CSV, whose levels are learned, and classifies them
// as files and live.
func TestTrainSeries(t *testing.T) {
	dir := t.TempDir()
	for part, n := range map[string]int{"train": 12, "test": 4} {
		for class, slope := range map[string]float64{"up": 1, "down": -1} {
			folder := filepath.Join(dir, part, class)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				text := "t_ms,a,b\n"
				for step := range 20 + i {
					text += fmt.Sprintf("%d,%v,%v\n", 10*step, slope*float64(step), float64((step*7+i)%5))
				}
				if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.csv", i)), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	out := filepath.Join(t.TempDir(), "m.msgpack")
	args := []string{"train", "--dataset", "folder", "--data", dir, "--delta", "0.25", "--bin", "10ms", "--hidden", "16", "--epochs", "15", "--batch", "4", "--readout", "membrane_sum", "--json", "--out", out}
	if s := summaryOf(t, must(t, args...)); s["test_accuracy"] != 1.0 {
		t.Errorf("%v", s)
	}
	m, err := export.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if e := m.Input.Encoder; e.Coding != model.Series || len(e.Delta) != 2 || e.Difference || !slices.Equal(m.Input.Shape, []int{4}) || m.Input.Dt != 10 || m.Steps != 31 {
		t.Errorf("input %+v, %d steps", m.Input, m.Steps)
	}
	must(t, "verify", out)
	must(t, "inspect", out, "--json")
	again := filepath.Join(t.TempDir(), "again.msgpack")
	must(t, "train", "--dataset", "folder", "--data", dir, "--bin", "10ms", "--config", out, "--out", again)
	if b, err := export.ReadFile(again); err != nil || !slices.Equal(b.Input.Encoder.Delta, m.Input.Encoder.Delta) || !slices.Equal(b.Layers[0].Weight.F32, m.Layers[0].Weight.F32) {
		t.Errorf("what the configuration trains differs, %v", err)
	}
	file := filepath.Join(dir, "test", "down", "3.csv")
	if text := must(t, "classify", out, file); !strings.Contains(text, "down") {
		t.Errorf("%s: %s", file, text)
	}
	recording, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var live bytes.Buffer
	if code := run(t.Context(), []string{"stream", out, "--window", "23"}, bytes.NewReader(recording), &live, io.Discard); code != exitOK || !strings.Contains(live.String(), "down") {
		t.Errorf("exit %d, %s", code, live.String())
	}
	for _, bad := range [][]string{{"--delta", "0"}, {"--delta", "x"}, {"--delta", "0.1,changes"}, {"--delta", "0.1", "--counts"}, {"--delta", "0.1", "--columns", "z"}} {
		if _, diagnostics, code := snurun(t, append([]string{"train", "--dataset", "folder", "--data", dir}, bad...)...); code == exitOK || !strings.Contains(diagnostics, "delta") && !strings.Contains(diagnostics, "column") {
			t.Errorf("%v: exit %d, %s", bad, code, diagnostics)
		}
	}
}
