//go:build !board

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// TestQuantize makes integers of the shipped models: a quarter of the size, and
// nearly always the same class.
func TestQuantize(t *testing.T) {
	t.Parallel()
	data := smallMNIST(t, 400)
	for _, c := range []struct {
		in       string
		args     []string
		samples  int
		labelled bool
	}{
		{shipped, []string{"--data", data, "--draws", "2"}, 400, true},
		{shipped, nil, 16, false},
		{"../../testdata/nmnist.msgpack", []string{"--list", "../../testdata/nmnist/labels.txt"}, 10, true},
	} {
		out := filepath.Join(t.TempDir(), "q.msgpack")
		var r quantizeReport
		printed := must(t, append([]string{"quantize", c.in, out, "--json"}, c.args...)...)
		if err := json.Unmarshal([]byte(printed), &r); err != nil {
			t.Fatalf("%v: %s", err, printed)
		}
		least := 0.95
		if !c.labelled { // noise is much like any class
			least = 0.75
		}
		if r.Agreement < least || r.Samples != c.samples || (r.Accuracy != nil) != c.labelled {
			t.Errorf("%s: %s", c.in, printed)
		}
		if c.labelled && (*r.Accuracy < 0.85 || *r.Before < 0.85) {
			t.Errorf("%s: %s", c.in, printed)
		}
		for _, l := range r.Layers {
			if l.Error <= 0 || l.Error > 0.02 {
				t.Errorf("%s: layer %+v", c.in, l)
			}
		}
		if share := float64(r.BytesOut) / float64(r.BytesIn); share > 0.27 {
			t.Errorf("%s: %d bytes become %d, %.3f of them", c.in, r.BytesIn, r.BytesOut, share)
		}
		m, info, err := export.ReadFileInfo(out)
		if err != nil {
			t.Fatal(err)
		}
		if info.Version != 2 || !m.HasIntegers() || info.Size != r.BytesOut {
			t.Errorf("version %d, integers %v, %d bytes", info.Version, m.HasIntegers(), info.Size)
		}
		if err := runtime.Verify(m); err != nil {
			t.Error(err)
		}
		if _, there := m.Metadata["history"]; there || m.Metadata["quantised_bits"] != 8.0 {
			t.Errorf("metadata %v", m.Metadata)
		}
		if accuracy, there := m.Metadata["test_accuracy"]; there != c.labelled || there && accuracy != *r.Accuracy {
			t.Errorf("metadata %v, expected the accuracy that was measured", m.Metadata)
		}
		if text := must(t, "inspect", out); !strings.Contains(text, "weights   q8 ") {
			t.Errorf("%s", text)
		}
	}
}

// TestQuantizeText prints tables, and the same on any number of threads.
func TestQuantizeText(t *testing.T) {
	t.Parallel()
	data := smallMNIST(t, 60)
	var texts []string
	for _, threads := range []string{"1", "3"} {
		texts = append(texts, must(t, "quantize", shipped, filepath.Join(t.TempDir(), "q.msgpack"), "--data", data, "--draws", "2", "--threads", threads, "--bits", "4"))
	}
	if texts[0] != texts[1] {
		t.Errorf("on one thread\n%s\non three\n%s", texts[0], texts[1])
	}
	for _, want := range []string{"layer  name     weights  error", "0      hidden1  200704   23.21 %  50.34 %\n", "compared    60 samples, 2 draws\n", "before      ", "after       ", "agreement   "} {
		if !strings.Contains(texts[0], want) {
			t.Errorf("expected %q in\n%s", want, texts[0])
		}
	}
}

func TestQuantizeRefusesInputs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	m.SelfTest = nil
	m.Layers[1].Output = model.Sigmoid
	soft, quantised, out := filepath.Join(dir, "soft.msgpack"), filepath.Join(dir, "q.msgpack"), filepath.Join(dir, "out.msgpack")
	if err := export.WriteFile(soft, m); err != nil {
		t.Fatal(err)
	}
	must(t, "quantize", shipped, quantised)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{soft + " " + out, exitFailure, `soft.msgpack: quantise: invalid network: layer 2 ("hidden3"): weight is integer, but analog values come in, expected spikes or counts`},
		{quantised + " " + out, exitFailure, `layer 0 ("hidden1") has integer weights already`},
		{shipped + " " + out + " --bits 9", exitUsage, "--bits is 9, expected 2 to 8"},
		{shipped + " " + out + " --draws 0", exitUsage, "--draws is 0, expected 1 to 1000"},
		{shipped + " " + out + " --threads 1025", exitUsage, "--threads is 1025, expected 1 to 1024"},
		{shipped, exitUsage, "expected IN and OUT"},
	} {
		_, says, code := snurun(t, append([]string{"quantize"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(says, c.says) {
			t.Errorf("quantize %s: exit %d, %q, expected exit %d and %q", c.args, code, says, c.code, c.says)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("quantize %s left a file", c.args)
		}
	}
}
