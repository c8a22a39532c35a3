//go:build !board

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestMan holds the pages to the requests of man(7) and to ASCII.
func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	must(t, "man", "--out", dir)
	requests := []string{".TH", ".SH", ".TP", ".PP", ".nf", ".fi", ".BR"}
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c.HasParent() {
			return
		}
		page, err := os.ReadFile(filepath.Join(dir, manName(c)+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		if !strings.Contains(string(page), "\n.SH NAME\n"+roff(manName(c))+` \- `+roff(c.Short)+"\n") {
			t.Errorf("the page of %s has no name:\n%s", c.CommandPath(), page)
		}
		for line := range strings.Lines(string(page)) {
			request, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if strings.HasPrefix(line, ".") && !slices.Contains(requests, request) || strings.HasPrefix(line, "'") {
				t.Errorf("the page of %s has the line %q", c.CommandPath(), line)
			}
			if i := strings.IndexFunc(line, func(r rune) bool { return r > '~' }); i >= 0 {
				t.Errorf("the page of %s has %q", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(newRoot())
	if _, diagnostics, code := snurun(t, "man"); code != exitUsage || !strings.Contains(diagnostics, "--out is missing") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
}

func TestRoff(t *testing.T) {
	var b strings.Builder
	roffText(&b, "Run it:\n\n  snurun a-b\n\n'µs' \\ .\n.x\n")
	if got, want := b.String(), "Run it:\n.PP\n.nf\n  snurun a\\-b\n.fi\n.PP\n\\&'\\[u00B5]s' \\e .\n\\&.x\n"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := must(t, "completion", shell); !strings.Contains(out, "snurun") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	if out := must(t, "completion", "--help"); !strings.Contains(out, "source <(snurun completion bash)") {
		t.Errorf("no example in %q", out)
	}
	if out := must(t, "__complete", "bench", "m", "-o", "js"); !strings.Contains(out, "json\njsonl\n") {
		t.Errorf("-o js completes to %q", out)
	}
}

// TestQuiet drops remarks, but neither results nor errors.
func TestQuiet(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		root := newRoot()
		root.AddCommand(&cobra.Command{Use: "remark", Run: func(cmd *cobra.Command, _ []string) {
			cmd.PrintErr("a remark")
			_, _ = cmd.OutOrStdout().Write([]byte("a result"))
		}})
		var out, diagnostics strings.Builder
		root.SetOut(&out)
		root.SetErr(&diagnostics)
		args := []string{"remark"}
		if quiet {
			args = append(args, "-q")
		}
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		if (diagnostics.String() == "") != quiet || out.String() != "a result" {
			t.Errorf("quiet %v: %q, %q", quiet, out.String(), diagnostics.String())
		}
	}
	if _, diagnostics, code := snurun(t, "verify", "absent", "--quiet"); code != exitFailure || !strings.Contains(diagnostics, "absent") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
}
