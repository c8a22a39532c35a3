//go:build !board

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tinyModel is a network of a few neurons.
const tinyModel = "../../export/testdata/tiny.msgpack"

// TestExportC writes a network as C, in each layout, and replaces it only where it is
// told to.
func TestExportC(t *testing.T) {
	for layout, files := range map[string][]string{
		"plain":   {"net.h", "net.c", "net_selftest.c", "Makefile", "CMakeLists.txt", "README.md"},
		"arduino": {"src/net.h", "src/net.c", "library.properties", "examples/selftest/selftest.ino"},
		"zephyr":  {"net.c", "CMakeLists.txt", "Kconfig", "zephyr/module.yml"},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		printed := must(t, "export", "c", tinyModel, dir, "--layout", layout, "--json")
		var r exportCReport
		if err := json.Unmarshal([]byte(printed), &r); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f))); err != nil || !slices.Contains(r.Files, f) {
				t.Errorf("layout %s: %v; said to be written: %v", layout, err, r.Files)
			}
		}
		if r.Updates == 0 || r.State == 0 || r.Weights == 0 || r.SynOps == 0 {
			t.Errorf("layout %s: %s", layout, printed)
		}
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	must(t, "export", "c", tinyModel, out)
	_, says, code := snurun(t, "export", "c", tinyModel, out)
	if code != exitFailure || !strings.Contains(says, "--force") {
		t.Errorf("export into an export: exit %d, %q", code, says)
	}
	if text := must(t, "export", "c", tinyModel, out, "--force"); !strings.Contains(text, " updates ") {
		t.Errorf("export --force prints %q", text)
	}
	writeFile(t, filepath.Join(out, "mine.c"), []byte("int x;"))
	_, says, code = snurun(t, "export", "c", tinyModel, out, "--force")
	if code != exitFailure || !strings.Contains(says, "mine.c") {
		t.Errorf("export over another's file: exit %d, %q", code, says)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("beside the export there are %v, %v", left, err)
	}
	for line, says := range map[string]string{
		"export c " + tinyModel + " x --layout ino":  `--layout is "ino", expected plain, arduino or zephyr`,
		"export c " + tinyModel + " x --name 3":      `the name is "3", expected up to 40 lower-case letters`,
		"export c " + tinyModel + " x --name struct": `the name is "struct", a word of C or C++`,
		"export c " + tinyModel:                      "expected MODEL and DIR",
		"export d":                                   `unknown command "d"`,
	} {
		_, diagnostics, code := snurun(t, strings.Fields(line)...)
		if code == exitOK || !strings.Contains(diagnostics, says) {
			t.Errorf("snurun %s: exit %d, %q, expected %q", line, code, diagnostics, says)
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a refused export wrote something")
	}
}
