package export_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/outside"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// TestPythonOfFormatDocument runs the reader and the writer of docs/FORMAT.md,
// which know nothing of this package, against it.
func TestPythonOfFormatDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python")
	}
	t.Parallel()
	python := findPython(t)
	dir := t.TempDir()
	for _, script := range []string{"snurun_read.py", "snurun_write.py"} {
		extract(t, script, dir)
	}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command(python, args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}

	var files []string
	for _, g := range goldens {
		if err := os.WriteFile(filepath.Join(dir, g.name), goldenFile(t, g.name), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, g.name)
	}
	for seed := range uint64(20) {
		for kind, m := range map[string]*model.Network{"seed": randomNetwork(t, seed), "planes": randomPlanes(t, seed)} {
			if m.SelfTest == nil {
				continue
			}
			name := fmt.Sprint(kind, seed)
			if err := export.WriteFile(filepath.Join(dir, name), m); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
	}
	// The script once a file, but Python and its modules are loaded once.
	const each = "import runpy, sys\n" +
		"for name in sys.argv[1:]:\n" +
		"    print('reading', name, flush=True)\n" +
		"    sys.argv = ['snurun_read.py', name]\n" +
		"    runpy.run_path('snurun_read.py', run_name='__main__')\n"
	if out, err := run(append([]string{"-c", each}, files...)...); err != nil || bytes.Count(out, []byte("reading ")) != len(files) {
		t.Errorf("%v\n%s", err, out)
	}

	if out, err := run("snurun_write.py", "written"); err != nil {
		t.Fatalf("writing: %v\n%s", err, out)
	}
	m, err := export.ReadFile(filepath.Join(dir, "written"))
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.Verify(m); err != nil {
		t.Error(err)
	}

	damaged := golden(t)
	damaged[700] ^= 1
	if err := os.WriteFile(filepath.Join(dir, "damaged"), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run("snurun_read.py", "damaged"); err == nil {
		t.Errorf("the reader takes a damaged file: %s", out)
	}
	other := tinyNetwork(t)
	other.SelfTest.Digest[0]++
	if err := export.WriteFile(filepath.Join(dir, "other"), other); err != nil {
		t.Fatal(err)
	}
	if out, err := run("snurun_read.py", "other"); err == nil {
		t.Errorf("the reader takes a wrong self-test: %s", out)
	}
}

// findPython returns a Python that has numpy and msgpack, or skips the test.
func findPython(t *testing.T) string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import numpy, msgpack").Run() == nil {
			return name
		}
	}
	outside.Missing(t, "Python 3 with numpy and msgpack")
	return ""
}

// TestPythonExamples holds docs/examples against docs/FORMAT.md: the scripts are the
// same.
func TestPythonExamples(t *testing.T) {
	dir := t.TempDir()
	for _, script := range []string{"snurun_read.py", "snurun_write.py"} {
		extract(t, script, dir)
		own, err := os.ReadFile(filepath.Join(dir, script))
		if err != nil {
			t.Fatal(err)
		}
		example, err := os.ReadFile(filepath.Join("..", "docs", "examples", script))
		if err != nil || !bytes.Equal(own, example) {
			t.Errorf("docs/examples/%s is not as in docs/FORMAT.md, error %v", script, err)
		}
	}
}

// extract writes a script of docs/FORMAT.md to dir.
func extract(t *testing.T, script, dir string) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "FORMAT.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```python\n(# " + regexp.QuoteMeta(script) + "\n.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatalf("docs/FORMAT.md has no %s", script)
	}
	if err := os.WriteFile(filepath.Join(dir, script), block[1], 0o600); err != nil {
		t.Fatal(err)
	}
}
