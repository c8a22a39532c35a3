package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCompile compiles a product that is added for every target: it is found, and
// one that is converted first is not.
func TestCompile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module probe\n\ngo 1.26\n",
		"a/a.go": "package a\n\nfunc Plus(a, b, c float64) float64 { return a*b + c }\n\nfunc Minus(a, b, c float32) float32 { return c - a*b }\n\nfunc Apart(a, b, c float64) float64 { return float64(a*b) + c }\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range targets {
		found, functions, err := compile(target, dir, "probe/")
		if err != nil {
			t.Fatal(target, err)
		}
		byFunction := map[string]int{}
		for _, f := range found {
			byFunction[f.function]++
		}
		// s390x and amd64 have no instruction for every sign of a product.
		if byFunction["a.Plus"] != 1 || byFunction["a.Apart"] != 0 || functions < 3 {
			t.Errorf("%s: fused in %v of %d functions, expected a.Plus and not a.Apart", target, byFunction, functions)
		}
	}
	if _, _, err := compile("pdp11", dir, "probe/"); err == nil {
		t.Error("compiled for pdp11")
	}
}

// TestFused holds the names of instructions against those that round once.
func TestFused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"FMADDS", "FMADDD", "FNMSUBD", "FMSUB", "FMADD", "VFMLA", "VFMADD231SD", "VFNMADD132PS", "WFMADB", "WFMSSB", "VFMADB", "XSMADDADP", "XVNMSUBASP"} {
		if !fused.MatchString(name) {
			t.Errorf("%s is not taken for fused", name)
		}
	}
	for _, name := range []string{"FMAXS", "FMINS", "FMULS", "WFMAXSB", "WFMINSB", "FMOVS", "FNMULS", "MADD", "FADDS"} {
		if fused.MatchString(name) {
			t.Errorf("%s is taken for fused", name)
		}
	}
}
