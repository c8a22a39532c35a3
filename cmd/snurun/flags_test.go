//go:build !board

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// outOfRange are values for the flags of each numeric type. Those of refused
// are never in range, a few flags aside.
var outOfRange = map[string]struct{ refused, extreme []string }{
	"int":      {[]string{"-1", "NaN", "1e3", "", "9223372036854775808", "-9223372036854775808"}, []string{"0", "2147483647", "9223372036854775807"}},
	"intSlice": {[]string{"-1", "NaN", "1,,2", "9223372036854775808"}, []string{"0", "2147483647", "9223372036854775807"}},
	"uint64":   {[]string{"-1", "NaN", "", "18446744073709551616"}, []string{"0", "18446744073709551615"}},
	"float64":  {[]string{"NaN", "Inf", "-Inf", "1e999", ""}, []string{"0", "-1", "1e300", "-1e300", "5e-324"}},
	"duration": {[]string{"-1s", "NaN", "1", "", "9999999h"}, []string{"0s", "1ns", "2562047h"}},
	"seconds":  {[]string{"NaN", "Inf", "-1", "-1ms", ""}, []string{"0", "1e300", "5e-324", "2562047h"}},
}

// inRange are flags that take one of the values that others refuse.
var inRange = []string{
	"classify --unlabelled=-1", "train --unlabelled=-1", // not at all
	"plot membrane --layer=-1",                        // the last one
	"plot weights --layer=-1",                         // the first one
	"plot neuron --tau=Inf", "plot neuron --tau=-Inf", // no decay
	"plot response --tau=Inf",
}

// TestFlagsOutOfRange gives every numeric flag of every command values at the
// ends of its type and beyond. Each is refused with a message or taken; none
// panics, hangs or takes all memory.
func TestFlagsOutOfRange(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a thousand commands")
	}
	t.Parallel()
	dir := t.TempDir()
	data := smallMNIST(t, 60)
	figure := filepath.Join(dir, "plot.svg")
	sample := filepath.Join(dir, "x.npy")
	writeFile(t, sample, npyOf(t, make([]uint8, 3*784), 3, 784))
	const nobody = "nats://127.0.0.1:1"
	arguments := map[string][]string{
		"batch submit":     {shipped, sample, "--job", "j", "--hub", nobody},
		"batch work":       {"--hub", nobody},
		"batch results":    {"--job", "b", "--hub", nobody},
		"batch rm":         {"--job", "b", "--hub", nobody},
		"bench":            benchOnce()[1:],
		"classify":         {shipped, "--limit", "1"},
		"convert":          {"../../export/nir/testdata/lif_norse.nir", filepath.Join(dir, "c.msgpack"), "--dt", "0.001"},
		"fleet push":       {shipped, "b", "--hub", nobody},
		"fleet rollback":   {"b", "--hub", nobody},
		"fleet setup":      {"b", "--hub", nobody},
		"plot accuracy":    {shipped, "--limit", "1", "--out", figure},
		"plot chorale":     {shipped, "--out", figure},
		"plot confusion":   {shipped, "--limit", "1", "--out", figure},
		"plot extrapolate": {shipped, "--out", figure},
		"plot input":       {"--out", figure},
		"plot margin":      {shipped, "--limit", "1", "--out", figure},
		"plot membrane":    {shipped, "--out", figure},
		"plot neuron":      {"--out", figure},
		"plot movie":       {shipped, "--out", figure},
		"plot raster":      {shipped, "--out", figure},
		"plot response":    {"--out", figure},
		"plot spikes":      {shipped, "--limit", "1", "--out", figure},
		"plot tradeoff":    {shipped, "--limit", "1", "--out", figure},
		"plot steps":       {shipped, "--out", figure},
		"plot weights":     {shipped, "--out", figure},
		"quantize":         {shipped, filepath.Join(dir, "q.msgpack"), "--limit", "1", "--draws", "1"},
		"serve":            {shipped, "--listen", "127.0.0.1:0"},
		"simulate":         {shipped, "--in", sample, "--out", filepath.Join(dir, "y.npz")},
		"stream":           {shipped},
		"train": {"--data", data, "--out", filepath.Join(dir, "m.msgpack"), "--holdout", "10", "--epochs", "1", "--draws", "1",
			"--hidden", "8", "--steps", "2", "--threads", "1"},
	}
	numericFlags(newRoot(), func(path string, f *pflag.Flag) {
		args, ok := arguments[path]
		if !ok {
			t.Errorf("no arguments for the command %q", path)
			return
		}
		values := outOfRange[f.Value.Type()]
		for _, value := range append(slices.Clone(values.refused), values.extreme...) {
			flag := "--" + f.Name + "=" + value
			refuse := slices.Contains(values.refused, value) && !slices.Contains(inRange, path+" "+flag)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			var out, diagnostics bytes.Buffer
			start := time.Now()
			code := run(ctx, slices.Concat(strings.Fields(path), args, []string{flag}), strings.NewReader(""), &out, &diagnostics)
			cancel()
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("snurun %s %s took %v", path, flag, took)
			}
			says := diagnostics.String()
			switch {
			case refuse && code != exitUsage:
				t.Errorf("snurun %s %s: exit %d, %q, expected exit %d", path, flag, code, says, exitUsage)
			case code != exitOK && !strings.Contains(says, "snurun: "):
				t.Errorf("snurun %s %s: exit %d, %q, expected a message", path, flag, code, says)
			}
			os.Remove(filepath.Join(dir, "m.msgpack.checkpoint")) // of a training that was cut short
		}
	})
}

// numericFlags calls yield with every numeric flag of every command.
func numericFlags(c *cobra.Command, yield func(path string, f *pflag.Flag)) {
	path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "snurun"), " ")
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, ok := outOfRange[f.Value.Type()]; ok {
			yield(path, f)
		}
	})
	for _, sub := range c.Commands() {
		numericFlags(sub, yield)
	}
}
