//go:build !board

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// documentedFields returns the fields that docs/JSON.md lists for each command, and
// whether each may be absent.
func documentedFields(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([^`]+)`")
	all := map[string]map[string]bool{}
	command := ""
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "## "):
			command = strings.TrimSpace(line[3:])
			all[command] = map[string]bool{}
		case command != "" && strings.HasPrefix(line, "| `"):
			cell, _, _ := strings.Cut(line[1:], "|")
			for _, m := range name.FindAllStringSubmatch(cell, -1) {
				all[command][strings.ReplaceAll(m[1], "?", "")] = strings.Contains(m[1], "?")
			}
		}
	}
	return all
}

// fields adds the names of all values in x, as docs/JSON.md writes them; what
// is documented is not looked into.
func fields(x any, at string, documented map[string]bool, found map[string]bool) {
	if _, ok := documented[at]; ok {
		found[at] = true
		return
	}
	switch x := x.(type) {
	case map[string]any:
		for key, value := range x {
			fields(value, strings.TrimPrefix(at+"."+key, "."), documented, found)
		}
	case []any:
		for _, value := range x {
			fields(value, at+"[]", documented, found)
		}
		if len(x) == 0 {
			found[at+"[]"] = true
		}
	default:
		found[at] = true
	}
}

// TestJSONIsDocumented holds what each command prints against docs/JSON.md, both
// ways.
func TestJSONIsDocumented(t *testing.T) {
	dir := t.TempDir()
	tmp := func(name string) string { return filepath.Join(dir, name) }
	data := smallMNIST(t, 120)
	must(t, "train", "--data", data, "--out", tmp("m.msgpack"), "--epochs", "1", "--hidden", "8", "--reset", "zero", "--draws", "1", "--quiet")
	writeFile(t, tmp("spikes.txt"), []byte(digitLines(t, 1)))
	lines, err := os.Open(tmp("spikes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	streamed, diagnostics, code := streamOf(t, lines, shipped, "--json")
	if code != exitOK {
		t.Fatal(diagnostics)
	}
	trained := must(t, "train", "--data", data, "--out", tmp("n.msgpack"), "--epochs", "1", "--hidden", "8", "--draws", "1", "--json")
	images := filepath.Join(data, "t10k-images-idx3-ubyte")
	outputs := map[string]string{
		"classify": must(t, "classify", shipped, "--limit", "3", "--json"),
		"stream":   streamed,
		"train":    trained,
		"compare":  must(t, "compare", tmp("m.msgpack"), tmp("n.msgpack"), "--json"),
		"recipes":  must(t, "recipes", "--json"),
		"inspect":  must(t, "inspect", shipped, "--json"),
		"bench":    must(t, "bench", shipped, "--json", "--repeat", "1", "--time", "1ms", "--limit", "2", "--batch", "1", "--threads", "1"),
		"quantize": must(t, "quantize", tmp("m.msgpack"), tmp("q.msgpack"), "--json", "--limit", "2", "--draws", "1"),
		"simulate": must(t, "simulate", shipped, "--in", images, "--out", tmp("y.npz"), "--json"),
		"verify":   must(t, "verify", shipped, "../../testdata/nmnist.msgpack", "--json"),
		"convert":  must(t, "convert", tmp("m.msgpack"), tmp("m.nir"), "--json", "--quiet"),
		"plot":     must(t, "plot", "weights", shipped, "--out", tmp("w.svg"), "--json"),
		"version":  must(t, "version", "--json"),
	}
	maps.Copy(outputs, fleetJSON(t, images))
	for command, documented := range documentedFields(t) {
		out, ok := outputs[command]
		if !ok {
			if command != "data" { // which needs a server: TestData
				t.Errorf("docs/JSON.md describes %s, which is not run", command)
			}
			continue
		}
		found := map[string]bool{}
		for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
			var x any
			if err := d.Decode(&x); err != nil {
				t.Fatalf("%s: %v in %s", command, err, out)
			}
			fields(x, "", documented, found)
		}
		for name := range found {
			if _, ok := documented[name]; !ok {
				t.Errorf("%s --json has %s, which docs/JSON.md does not name", command, name)
			}
		}
		for name, optional := range documented {
			if !found[name] && !optional {
				t.Errorf("%s --json lacks %s, which docs/JSON.md names", command, name)
			}
		}
		delete(outputs, command)
	}
	for command := range outputs {
		t.Errorf("docs/JSON.md does not describe %s", command)
	}
	var without []string
	commands(func(c *cobra.Command) {
		if name := c.Name(); c.Runnable() && c.Parent() != nil && c.Flags().Lookup("json") == nil && !slices.Contains([]string{"help", "man", "completion", "bash", "zsh", "fish", "powershell", "data", "plot", "serve", "fleet", "export", "batch", "results", "watch", "work", "setup"}, name) {
			without = append(without, c.CommandPath())
		}
	})
	if len(without) > 0 {
		t.Errorf("without --json: %v", without)
	}
}
