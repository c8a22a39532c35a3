package asm

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCaches(t *testing.T) {
	c := Caches()
	if c.L1 < 4<<10 || c.L1 > 1<<20 || c.L2 < c.L1 || c.L3 < 0 {
		t.Errorf("implausible caches: %+v", c)
	}
	t.Logf("%q: %+v", Brand(), c)
}

// A big core and a small one: what counts is the smaller.
func TestSystemCaches(t *testing.T) {
	folder := t.TempDir()
	for _, f := range []struct{ index, level, kind, size string }{
		{"cpu0/cache/index0", "1", "Data", "48K"},
		{"cpu0/cache/index1", "1", "Instruction", "16K"},
		{"cpu0/cache/index2", "2", "Unified", "2M"},
		{"cpu0/cache/index3", "3", "Unified", "36M"},
		{"cpu8/cache/index0", "1", "Data", "32K"},
		{"cpu8/cache/index2", "2", "Unified", "4096K"},
		{"cpu8/cache/index3", "3", "Unified", "many"},
	} {
		index := filepath.Join(folder, f.index)
		if err := os.MkdirAll(index, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"level": f.level, "type": f.kind, "size": f.size} {
			if err := os.WriteFile(filepath.Join(index, name), []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for cores, want := range map[string]CacheSizes{
		"cpu0":       {48 << 10, 2 << 20, 36 << 20},
		"cpu[0-9]*":  {32 << 10, 2 << 20, 36 << 20},
		"cpu1":       {},
		"cpu8":       {32 << 10, 4 << 20, 0},
		"cpufreq[*]": {},
	} {
		if got := systemCaches(folder, cores); got != want {
			t.Errorf("%s: %+v, expected %+v", cores, got, want)
		}
	}
	if got, want := (CacheSizes{L1: -1, L2: 1}).or(defaultCaches), (CacheSizes{defaultCaches.L1, 1, 0}); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
	for text, want := range map[string]int{"": 0, "K": 0, "512K": 512 << 10, "1M": 1 << 20, "-1K": 0, "99999999999999999999K": 0, "64": 64} {
		if got := cacheSize(text); got != want {
			t.Errorf("%q: %d, expected %d", text, got, want)
		}
	}
}
