//go:build !board

package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var latency = regexp.MustCompile(`"latency_us":[^,}]*`)

// TestFilesOneByOne: what is named one by one runs together, and each sample has the
// line that it has alone: noise, number, steps.
func TestFilesOneByOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	digits := filepath.Join(smallMNIST(t, 60), "t10k-images-idx3-ubyte")
	spikes := make([]uint8, 3*784)
	for i := range spikes {
		spikes[i] = uint8(i * i % 7 / 6)
	}
	short, long := filepath.Join(dir, "short.npy"), filepath.Join(dir, "long.npy")
	writeFile(t, short, npyOf(t, spikes[:2*784], 2, 784))
	writeFile(t, long, npyOf(t, spikes, 3, 784))
	files := []string{digits, digits, short, short, long, digits}
	lines := func(threads string, files ...string) []string {
		out := must(t, append([]string{"classify", shipped, "--json", "--seed", "3", "--threads", threads}, files...)...)
		all := strings.Split(strings.TrimSuffix(latency.ReplaceAllString(out, ""), "\n"), "\n")
		return all[:len(all)-1] // without the summary
	}
	var want []string
	for _, file := range files {
		want = append(want, lines("1", file)...)
	}
	for _, threads := range []string{"1", "3"} {
		got := lines(threads, files...)
		if len(got) != len(want) {
			t.Fatalf("%s threads: %d lines, expected %d", threads, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s threads, line %d: %s, alone %s", threads, i, got[i], want[i])
			}
		}
	}
}

// TestOneOfManyFilesFails: the lines of those before it come, and it is named as it
// is alone.
func TestOneOfManyFilesFails(t *testing.T) {
	t.Parallel()
	file, samples := largeSums(t) // of which the last sample fails
	_, alone, _ := snurun(t, "classify", file, samples)
	for _, threads := range []string{"1", "3"} {
		good := filepath.Join(t.TempDir(), "good.npy")
		writeFile(t, good, npyOf(t, []float32{0.5, 0, 0, 0}, 1, 2, 2))
		out, diagnostics, code := snurun(t, "classify", file, good, good, samples, good, "--threads", threads)
		if code != exitFailure || strings.Count(out, "\n") != 4 || diagnostics != alone {
			t.Errorf("%s threads: exit %d, %q, %q, expected %q", threads, code, out, diagnostics, alone)
		}
	}
}
