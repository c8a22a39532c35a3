package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestSoak(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/golden/elu-*.msgpack")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := soak(&out, files, 40_000, 3); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%v, %s", err, out.String())
	}
	if err := soak(io.Discard, nil, 1, 2); err == nil {
		t.Error("no model: no error")
	}
	if err := soak(io.Discard, []string{"none.msgpack"}, 1, 2); err == nil {
		t.Error("no such model: no error")
	}
}

func TestCompare(t *testing.T) {
	first := check{heap: 1 << 20, rss: 1 << 24, goroutines: 1}
	if err := first.compare(first); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(*check){
		"digest":     func(c *check) { c.digest[3]++ },
		"goroutines": func(c *check) { c.goroutines++ },
		"heap":       func(c *check) { c.heap *= 2 },
		"resident":   func(c *check) { c.rss *= 2 },
	} {
		c := first
		change(&c)
		if err := c.compare(first); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error is %v", says, err)
		}
	}
}
