//go:build !board

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/internal/npy"
)

// TestConvertCases: files that went wrong, each read or named.
func TestConvertCases(t *testing.T) {
	t.Parallel()
	const cases = "../../testdata/cases/"
	described := " --layers " + cases + "12-tensors/d.json"
	for _, c := range []struct{ args, says string }{
		{cases + "12-tensors/f2.npz" + described, "3×4"},
		{cases + "12-tensors/readme.npz" + described, "3×4"},
		{cases + "12-tensors/withstr.npz" + described, "3×4"},
		{cases + "12-tensors/unused_f8.safetensors" + described, "3×4"},
		{cases + "12-tensors/w_U16.safetensors" + described, "3×4"},
		{cases + "13-nir/f16.nir", "decay 0.9, threshold 1, reset subtract"},
		{cases + "13-nir/comp_lzf.nir", "decay 0.9, threshold 1, reset subtract"},
		{cases + "13-nir/beta1_inf.nir", "decay 1, threshold 1, reset subtract"},
	} {
		_, says, code := snurun(t, append([]string{"convert"}, append(strings.Fields(c.args), filepath.Join(t.TempDir(), "m.msgpack"))...)...)
		if code != exitOK || !strings.Contains(says, c.says) {
			t.Errorf("%s: exit %d, says %q, expected %q", c.args, code, says, c.says)
		}
	}

	// A membrane that meets its threshold exactly.
	for _, c := range []struct {
		flags string
		want  []float64
	}{
		{"--from spikingjelly --dt 1 --reset subtract", []float64{6, 3, 12}},
		{"--from sinabs", []float64{6, 3, 31}},
	} {
		file := filepath.Join(t.TempDir(), "m.msgpack")
		must(t, append([]string{"convert", cases + "30-threshold-equal/if.nir", file, "--input", "direct"}, strings.Fields(c.flags)...)...)
		must(t, "simulate", file, "--in", cases+"30-threshold-equal/x.npy", "--out", file+".npz")
		spikes := readArchive(t, file+".npz")["layer0.spikes"]
		for j, want := range c.want {
			if got := total(spikes, j, len(c.want)); got != want {
				t.Errorf("%s: neuron %d fires %v times, expected %v", c.flags, j, got, want)
			}
		}
	}
}

// total adds up element j of each row of n.
func total(a *npy.Array, j, n int) (sum float64) {
	for i := j; i < a.Len(); i += n {
		sum += a.At(i)
	}
	return sum
}

// TestConvertFlags: what flags have no meaning, and values that are none.
func TestConvertFlags(t *testing.T) {
	t.Parallel()
	lif, leaky := nirFiles+"lif_norse.nir", tensorFiles+"leaky.npz --layers "+tensorFiles+"leaky.json"
	file := filepath.Join(t.TempDir(), "m.msgpack")
	must(t, append([]string{"convert", lif, file}, "--reset", "zero", "--dt", "1e-4")...)
	for _, c := range []struct{ args, says string }{
		{lif + " m.msgpack --from brian", `--from is "brian", expected snntorch, norse, sinabs, spikingjelly, rockpool or nir`},
		{lif + " m.msgpack --reset drop", `--reset is "drop", expected zero, subtract, delayed, none or refractory`},
		{lif + " m.msgpack --reset zero,none --dt 1e-4", "2 resets, expected one for all or one for each of the 1 nodes of neurons (1)"},
		{lif + " m.msgpack --spikes 0", `--spikes is "0", expected a number of at least 1, or many`},
		{lif + " m.msgpack --spikes 1,many --dt 1e-4", "2 spikes a step, expected one for all"},
		{lif + " m.msgpack --min-v-mem 1", "min_v_mem is 1, expected 0 or less"},
		{lif + " m.msgpack --tau-syn 5 --dt 1e-4", "--from sinabs may be missing"},
		{lif + " m.msgpack --norm-input=false --dt 1e-4", "--from sinabs may be missing"},
		{lif + " m.msgpack --from sinabs", "Sinabs counts them in steps"},
		{lif + " m.msgpack --to norse", "--to is for NIR files"},
		{leaky + " m.msgpack --spikes 2", "--spikes is for a NIR file"},
		{leaky + " m.msgpack --from brian", `--from is "brian"`},
		{file + " m.nir --from norse", "--from is for files of other frameworks"},
		{file + " m.nir --to sinabs", `--to is "sinabs", expected norse, snntorch or nir`},
	} {
		if _, says, code := snurun(t, append([]string{"convert"}, strings.Fields(c.args)...)...); code == exitOK || !strings.Contains(says, c.says) {
			t.Errorf("%s: exit %d, says %q, expected %q", c.args, code, says, c.says)
		}
	}
}
