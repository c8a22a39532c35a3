//go:build !board

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
)

// traceFlags are what a trace's NIR file needs beside --from, which is found by
// itself where from is empty. refused is what the converter says of a network that
// it does not take.
var traceFlags = map[string]struct{ from, flags, refused string }{
	"norse_lif_leak":          {"", "", "v_reset is 0 and v_leak 0.2"},
	"rp_lifneuron_default":    {"", "", ""},
	"rp_lif_default":          {"", "", ""},
	"sinabs_lif_default":      {"", "", ""},
	"norse_lifbox_leak_reset": {"norse", "", ""},
	"norse_release_lifbox":    {"norse", "", ""},

	"sinabs_conv_default":        {"sinabs", "--input direct", ""},
	"sinabs_expleak":             {"", "--spikes 1", ""},
	"sinabs_iaf_default":         {"sinabs", "", ""},
	"sinabs_iaf_default_integer": {"sinabs", "", ""},
	"sinabs_iaf_integer":         {"sinabs", "--spikes 1", ""},
	"sinabs_iaf_min_v_mem":       {"sinabs", "--spikes 1 --min-v-mem -0.5,-1", ""},
	"sinabs_iaf_single":          {"sinabs", "--spikes 1", ""},
	"sinabs_lif_tau20":           {"", "--spikes 1", ""},
	"sinabs_lif_tau20_nonorm":    {"", "--spikes 1 --norm-input=false", ""},
	"sinabs_lif_tau3":            {"", "--spikes 1", ""},
	"sinabs_lif_tau3_nonorm":     {"", "--spikes 1 --norm-input=false", ""},
	"sinabs_lif_tau_syn":         {"", "--spikes 1 --tau-syn 5", ""},

	"sj_if_integer_soft":  {"", "--reset subtract", ""},
	"sj_lif_dt_1ms":       {"", "--dt 0.001", ""},
	"sj_lif_soft":         {"", "--reset subtract", ""},
	"sj_lif_soft_nodecay": {"", "--reset subtract", ""},

	"rp_lif_max1":       {"", "--spikes 1", ""},
	"rp_lif_per_neuron": {"", "--spikes 1", ""},
	"rp_lifneuron_max1": {"", "--spikes 1", ""},

	"snn_conv_avgpool_lif":        {"", "--input direct", ""},
	"snn_conv_lif_avgpool":        {"", "--input direct", ""},
	"snn_leaky_beta1":             {"snntorch", "", ""},
	"snn_leaky_graded2":           {"", "--graded 2", ""},
	"snn_leaky_none_delayed":      {"", "--reset none", ""},
	"snn_leaky_none_now":          {"", "--reset none", ""},
	"snn_leaky_readout_none":      {"", "--reset delayed,none", ""},
	"snn_leaky_subtract_now":      {"", "--reset subtract", ""},
	"snn_leaky_subtract_now_weak": {"", "--reset subtract", ""},
	"snn_leaky_zero_delayed":      {"", "--reset zero", ""},
	"snn_leaky_zero_now":          {"", "--reset zero", ""},
	"snn_rleaky_zero_delayed":     {"", "--reset refractory", ""},
	"snn_rleaky_zero_now":         {"", "--reset zero", ""},
	"snn_rsynaptic_zero_delayed":  {"", "--reset refractory", ""},
	"snn_synaptic_subtract_now":   {"", "--reset subtract", ""},
	"snn_synaptic_zero_delayed":   {"", "--reset refractory", ""},
	"snn_synaptic_zero_now":       {"", "--reset zero", ""},
}

// traceRoots are where traces lie: a few in the project, all beside it.
var traceRoots = []string{"testdata/traces", "../../../shared/data/traces"}

// traceFolders yields each trace once, by name.
func traceFolders(t *testing.T, file string) map[string]string {
	t.Helper()
	folders := map[string]string{}
	for _, root := range traceRoots {
		found, err := filepath.Glob(filepath.Join(root, "*", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			folders[filepath.Base(filepath.Dir(f))] = filepath.Dir(f)
		}
	}
	return folders
}

// TestTraces: what convert makes of the frameworks' own files fires as the
// frameworks do.
func TestTraces(t *testing.T) {
	t.Parallel()
	folders := traceFolders(t, "net.nir")
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		if strings.HasPrefix(name, "back_") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := traceFlags[name]
			args := []string{"convert", filepath.Join(folders[name], "net.nir"), filepath.Join(t.TempDir(), "m.msgpack")}
			if c.from != "" {
				args = append(args, "--from", c.from)
			}
			args = append(args, strings.Fields(c.flags)...)
			compareTrace(t, folders[name], args, c.refused)
		})
	}
}

// traceTensors are the descriptions that take another word than the one next to what
// is meant: a reset of snnTorch with its default delay.
var traceTensors = map[string]string{
	"snn_rleaky_zero_delayed":    "refractory",
	"snn_rsynaptic_zero_delayed": "refractory",
	"snn_synaptic_zero_delayed":  "refractory",
}

// TestTensorTraces: the same for state dicts and their descriptions.
func TestTensorTraces(t *testing.T) {
	t.Parallel()
	folders := traceFolders(t, "net.safetensors")
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, folder := t.TempDir(), folders[name]
			layers := filepath.Join(folder, "net.json")
			if reset := traceTensors[name]; reset != "" {
				text, err := os.ReadFile(layers)
				if err != nil {
					t.Fatal(err)
				}
				layers = filepath.Join(dir, "net.json")
				writeFile(t, layers, []byte(strings.ReplaceAll(string(text), `"zero"`, `"`+reset+`"`)))
			}
			compareTrace(t, folder, []string{"convert", filepath.Join(folder, "net.safetensors"), filepath.Join(dir, "m.msgpack"), "--layers", layers}, "")
		})
	}
}

// compareTrace converts and compares with what is in a folder.
func compareTrace(t *testing.T, folder string, args []string, refused string) {
	t.Helper()
	_, says, code := snurun(t, args...)
	if refused != "" {
		if code == exitOK || !strings.Contains(says, refused) {
			t.Fatalf("exit %d: %s: expected a refusal with %q", code, says, refused)
		}
		return
	}
	if code != exitOK {
		t.Fatalf("%v: exit %d: %s", args, code, says)
	}
	out := args[2]
	must(t, "verify", out)
	y := out + ".npz"
	must(t, "simulate", out, "--in", filepath.Join(folder, "x.npy"), "--out", y)
	if err := sameTrace(t, folder, "y.npz", out, readArchive(t, y)); err != nil {
		t.Errorf("%v\n%s", err, says)
	}
}

// traceRule is what is said of a layer of neurons in case.json.
type traceRule struct {
	Threshold any `json:"threshold"`
	VReset    any `json:"v_reset"`
	Reset     string
	When      string
}

// sameTrace compares a simulation by a model with a trace: spikes exactly,
// membranes to 1e-5 where they are not those after a reset.
func sameTrace(t *testing.T, folder, file, modelFile string, got map[string]*npy.Array) error {
	t.Helper()
	m, err := export.ReadFile(modelFile)
	if err != nil {
		t.Fatal(err)
	}
	var about struct{ Rule []traceRule }
	text, err := os.ReadFile(filepath.Join(folder, "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &about); err != nil {
		t.Fatal(err)
	}
	want := readArchive(t, filepath.Join(folder, file))
	var report []string
	k := 0
	for i := range m.Layers {
		l := &m.Layers[i]
		if !l.HasNeurons() || l.Output == model.None && slices.Max(model.Broadcast(l.Decay, l.OutSize())) == 0 {
			continue // weights
		}
		membrane, spikes := want[fmt.Sprintf("layer%d.membrane", k)], want[fmt.Sprintf("layer%d.spikes", k)]
		if spikes == nil && membrane == nil {
			return fmt.Errorf("layer %d of the model is none of the trace", i)
		}
		if membrane == nil { // where it would be large
			membrane = got[fmt.Sprintf("layer%d.membrane", i)]
		}
		have, fires := got[fmt.Sprintf("layer%d.membrane", i)], got[fmt.Sprintf("layer%d.spikes", i)]
		n := l.OutSize()
		if have.Len() != membrane.Len() || spikes != nil && (fires == nil || fires.Len() != spikes.Len()) {
			return fmt.Errorf("layer %d of the trace has %d values, that of the model %d", k, membrane.Len(), have.Len())
		}
		rule := about.Rule[k]
		different, worst := 0, 0.0
		for at := range membrane.Len() {
			theta, zero := ruleValue(rule.Threshold, at%n, 1), ruleValue(rule.VReset, at%n, 0)
			fired := false
			if spikes != nil {
				fired = spikes.At(at) != 0
				if spikes.At(at) != fires.At(at) {
					different++
				}
			}
			if fired && rule.When != "next step" && rule.Reset != "none" {
				continue // the framework's is that after the reset
			}
			worst = max(worst, math.Abs(have.At(at)+zero-membrane.At(at))/max(math.Abs(theta-zero), math.Abs(membrane.At(at))))
		}
		if different > 0 || worst > 1e-5 {
			report = append(report, fmt.Sprintf("layer %d: %d of %d spikes differ, membranes by %.2g", k, different, membrane.Len(), worst))
		}
		k++
	}
	if k != len(about.Rule) {
		report = append(report, fmt.Sprintf("%d layers of neurons, the trace has %d", k, len(about.Rule)))
	}
	if report != nil {
		return fmt.Errorf("%s", strings.Join(report, "; "))
	}
	return nil
}

// ruleValue returns a rule's number for a neuron: one for all, or one each.
func ruleValue(v any, neuron int, none float64) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case []any:
		return v[neuron].(float64)
	}
	return none
}

// backFiles are the files that a model becomes: for whom, read as whose, at what
// step, and what is refused.
var backFiles = []struct {
	to, from string
	refused  map[string]string
}{
	{"", "nir", nil},
	{"", "snntorch", nil},
	{"nir", "nir", nil},
	{"norse", "nir", nil},
	{"snntorch", "snntorch", map[string]string{"back_recurrent": "snntorch does not read recurrent weights as they are meant"}},
}

// TestBack: a model that became a NIR file fires as it did, read by its equations,
// as Norse does but for R, and as snnTorch does.
func TestBack(t *testing.T) {
	t.Parallel()
	folders := traceFolders(t, "model.npz")
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		for _, c := range backFiles {
			t.Run(name+" to "+c.to+" as "+c.from, func(t *testing.T) {
				t.Parallel()
				dir, folder := t.TempDir(), folders[name]
				file, back := filepath.Join(dir, "m.msgpack"), filepath.Join(dir, "m.nir")
				must(t, "convert", filepath.Join(folder, "model.npz"), file, "--layers", filepath.Join(folder, "model.json"))
				args := []string{"convert", file, back}
				if c.to != "" {
					args = append(args, "--to", c.to)
				}
				_, says, code := snurun(t, args...)
				if want := c.refused[name]; want != "" {
					if code == exitOK || !strings.Contains(says, want) {
						t.Errorf("exit %d: %s: expected a refusal with %q", code, says, want)
					}
					return
				}
				if code != exitOK {
					t.Fatalf("exit %d: %s", code, says)
				}
				compareTrace(t, folder, []string{"convert", back, filepath.Join(dir, "back.msgpack"), "--from", c.from, "--reset", "zero", "--input", "direct"}, "")
				if c.to == "" && !sameWeights(t, file, filepath.Join(dir, "back.msgpack")) {
					t.Error("the weights changed on the way")
				}
			})
		}
	}
}

// TestBackResets: models whose resets NIR does not say fire as snnTorch does, told of
// them, of the file that --to snntorch wrote, and come back from every file as they were.
func TestBackResets(t *testing.T) {
	t.Parallel()
	for _, reset := range []string{"delayed", "lagged", "refractory"} {
		dir, folder := t.TempDir(), filepath.Join("testdata", "back", reset)
		file := filepath.Join(dir, "m.msgpack")
		must(t, "convert", filepath.Join(folder, "model.npz"), file, "--layers", filepath.Join(folder, "model.json"))
		want := readArchive(t, filepath.Join(folder, "y-snntorch.npz"))
		fires := func(what, file string) {
			must(t, "simulate", file, "--in", filepath.Join(folder, "x.npy"), "--out", file+".npz")
			got := readArchive(t, file+".npz")
			for name, spikes := range want {
				different := 0
				for i := range spikes.Len() {
					if got[name].At(i) != spikes.At(i) {
						different++
					}
				}
				if different > 0 {
					t.Errorf("%s, %s: %d of %d values of %s differ", reset, what, different, spikes.Len(), name)
				}
			}
		}
		fires("the model", file)
		for _, to := range []string{"", "nir", "snntorch"} {
			back := filepath.Join(dir, "m"+to+".nir")
			if to == "" {
				must(t, "convert", file, back)
			} else {
				must(t, "convert", file, back, "--to", to)
			}
			again := back + ".msgpack"
			if _, says, code := snurun(t, "convert", back, again, "--input", "direct"); code != exitOK || strings.Contains(says, "does not say how a spike resets") {
				t.Fatalf("%s to %q: exit %d: %s", reset, to, code, says)
			}
			fires("back from --to "+to, again)
			if to == "" && !sameWeights(t, file, again) {
				t.Errorf("%s: the weights changed on the way", reset)
			}
		}
		if _, says, code := snurun(t, "convert", file, filepath.Join(dir, "x.nir"), "--to", "norse"); code == exitOK || !strings.Contains(says, "norse does not read a reset "+reset) {
			t.Errorf("%s to Norse: exit %d: %s", reset, code, says)
		}
	}
}

// sameWeights reports whether the layers with neurons of two models have the same
// weights and decays.
func sameWeights(t *testing.T, a, b string) bool {
	t.Helper()
	weights := func(file string) (all [][]float32) {
		m, err := export.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Layers {
			if l := &m.Layers[i]; l.HasNeurons() {
				all = append(all, l.Weight.F32, l.Decay, l.Current, l.Bias)
			}
		}
		return all
	}
	return slices.EqualFunc(weights(a), weights(b), slices.Equal[[]float32])
}
