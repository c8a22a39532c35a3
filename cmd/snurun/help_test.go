//go:build !board

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset/event"
)

// commands calls yield with every command that a user can call.
func commands(yield func(c *cobra.Command)) {
	root := newRoot()
	addCompletion(root)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		yield(c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// ownHelp reports whether the help of c is written here: the pages of
// completion for each shell are cobra's.
func ownHelp(c *cobra.Command) bool {
	return c.Parent() == nil || c.Parent().Name() != "completion"
}

// TestEveryCommandHasHelp asks each command for its help: what it does, at
// least one example of itself, and a description of every flag. Its parent names
// it.
func TestEveryCommandHasHelp(t *testing.T) {
	n := 0
	commands(func(c *cobra.Command) {
		n++
		path := strings.Fields(c.CommandPath())[1:]
		help := must(t, append(path, "--help")...)
		if c.Short == "" || c.Long == "" && c.Runnable() && ownHelp(c) {
			t.Errorf("%s does not say what it does", c.CommandPath())
		}
		if ownHelp(c) && c.Runnable() && !strings.Contains(help, "Examples:\n  ") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if ownHelp(c) && c.HasExample() && c.HasParent() && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("the examples of %s do not call it", c.CommandPath())
		}
		if c.HasParent() && !c.Hidden && !strings.Contains(must(t, append(path[:len(path)-1], "--help")...), "\n  "+c.Name()+" ") {
			t.Errorf("%s is not in the help of its parent", c.CommandPath())
		}
		for line := range strings.Lines(c.LocalFlags().FlagUsages()) {
			if fields := strings.Fields(line); strings.HasPrefix(fields[0], "-") && len(fields) < 3 {
				t.Errorf("%s: a flag is not described: %s", c.CommandPath(), line)
			}
		}
	})
	if n < 20 {
		t.Errorf("%d commands", n)
	}
	if out := must(t); out != must(t, "--help") {
		t.Errorf("snurun alone prints %q, expected its help", out)
	}
}

// TestExamplesParse parses every command line of the help and of the
// documentation: the command exists, takes the flags, and takes as many
// arguments.
func TestExamplesParse(t *testing.T) {
	checked := map[string]int{}
	check := func(where, line string) {
		for _, args := range calls(line) {
			if len(args) < 3 && strings.HasSuffix(where, ".md") && !strings.HasPrefix(line, " ") {
				continue // a mention in a sentence
			}
			checked[where]++
			if err := parse(args); err != nil {
				t.Errorf("%s: snurun %s: %v", where, strings.Join(args, " "), err)
			}
		}
	}
	commands(func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			check("the help of "+c.CommandPath(), line)
		}
	})
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/examples/*"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range code(string(text)) {
				check(file, line)
			}
		}
	}
	if checked[filepath.Join("..", "..", "README.md")] < 10 || checked[filepath.Join("..", "..", "docs", "examples", "snurun.service")] < 2 {
		t.Errorf("commands were found in %v only", checked)
	}
}

// inline is code in a line of text.
var inline = regexp.MustCompile("`[^`]+`")

// code returns the lines of Markdown that are code, indented or within
// backquotes, and the settings of a unit file.
func code(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "Exec") {
			lines = append(lines, line)
			continue
		}
		for _, part := range inline.FindAllString(line, -1) {
			if part = strings.Trim(part, "`"); strings.HasPrefix(part, "snurun ") {
				lines = append(lines, part)
			}
		}
	}
	return lines
}

// separators part the commands of a line.
var separators = regexp.MustCompile(`\|\||&&|[|;()']|^Exec[A-Za-z]*=`)

// before are the words that may stand before a call of snurun; after others, as
// in "go build ./cmd/snurun", it is a file.
var before = []string{"run", "exec", "pi", "pi$", "qemu-aarch64-static"}

// calls returns the arguments of each call of snurun in a line for a shell.
func calls(line string) [][]string {
	line, _, _ = strings.Cut(line, " #")
	var all [][]string
	for _, part := range separators.Split(line, -1) {
		words := strings.Fields(part)
		at := slices.IndexFunc(words, func(w string) bool {
			return filepath.Base(w) == "snurun" || filepath.Base(w) == "snurun-arm64"
		})
		if at < 0 || at > 0 && !slices.Contains(before, words[at-1]) || len(words) == at+1 {
			continue
		}
		var args []string
		for _, w := range words[at+1:] {
			if strings.ContainsAny(w, "<>") {
				break
			}
			if len(w) == 1 && w >= "A" && w <= "Z" { // stands for a number
				w = "1"
			}
			if !strings.HasPrefix(w, "[") { // of a synopsis
				args = append(args, strings.Trim(w, `"…`))
			}
		}
		all = append(all, args)
	}
	return all
}

// parse checks a command line without running it.
func parse(args []string) error {
	root := newRoot()
	addCompletion(root)
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if c == root {
		return fmt.Errorf("there is no such command")
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// getenv finds the names of environment variables in Go code.
var getenv = regexp.MustCompile(`(?i)(?:getenv|lookupenv)\("([A-Z_]+)"\)|forced = "([A-Z_]+)"`)

// TestEnvironmentIsInTheManual looks for the environment variables that the
// program reads, in help and manual.
func TestEnvironmentIsInTheManual(t *testing.T) {
	dir := t.TempDir()
	must(t, "man", "--out", dir)
	page, err := os.ReadFile(filepath.Join(dir, "snurun.1"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"--help": must(t, "--help"), "the manual": string(page)}
	found := map[string]bool{}
	err = filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "outside.go" { // of tests
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range getenv.FindAllStringSubmatch(string(source), -1) {
			found[m[1]+m[2]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 4 {
		t.Errorf("only %v are read, expected at least SNURUN_SIMD, NO_COLOR, COLUMNS and TERM", found)
	}
	for name := range found {
		for where, text := range texts {
			if !strings.Contains(text, name) {
				t.Errorf("%s does not mention %s", where, name)
			}
		}
	}
}

// TestWrongFlagValues reads what is said of values that are none of a flag's
// type.
func TestWrongFlagValues(t *testing.T) {
	for line, says := range map[string]string{
		"classify m --limit x":                    `--limit is "x", expected a whole number`,
		"classify m --limit 99999999999999999999": `--limit is "99999999999999999999", which is out of range`,
		"classify m --seed -1":                    `--seed is "-1", expected a whole number of 0 or more`,
		"classify m --json=yes":                   `--json is "yes", expected true or false`,
		"classify m --margin most":                `--margin is "most", expected a number or auto`,
		"train --lr fast":                         `--lr is "fast", expected a number`,
		"train --input 34x34":                     `--input is "34x34", expected whole numbers with commas between`,
		"train --checkpoint-every 5":              `--checkpoint-every is "5", expected a time such as 100ms`,
		"classify " + shipped + " .":              `. is a folder: --data . takes what is in it`,
		"convert a b --dt 5m3":                    `--dt is "5m3", expected seconds, or a time such as 1ms`,
	} {
		_, diagnostics, code := snurun(t, strings.Fields(line)...)
		if code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("snurun %s: exit %d, %q, expected %q", line, code, diagnostics, says)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for line, says := range map[string]string{
		"strem":                     `unknown command "strem"; did you mean "stream"?`,
		"convrt a b":                `unknown command "convrt"; did you mean "convert"?`,
		"plot margn":                `unknown command "margn"; did you mean "margin"?`,
		"data minst":                `did you mean "mnist"?`,
		"frobnicate":                `unknown command "frobnicate"` + "\n",
		"classify m --limt 3":       `unknown flag: --limt; did you mean --limit?`,
		"classify m --thread=3":     `did you mean --threads?`,
		"stream m --margn 3":        `did you mean --margin?`,
		"plot raster m --indx 2":    `did you mean --index?`,
		"train --data d --epoch 3":  `did you mean --epochs?`,
		"classify m --frobnicate 1": "unknown flag: --frobnicate\n",
		"classify m -x":             "unknown shorthand flag: 'x' in -x\n",
	} {
		_, diagnostics, code := snurun(t, strings.Fields(line)...)
		if code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("snurun %s: exit %d, %q, expected %q", line, code, diagnostics, says)
		}
	}
}

// TestFormatsAreNamed looks for every format of recordings where they are listed.
func TestFormatsAreNamed(t *testing.T) {
	doc, err := os.ReadFile("../../docs/STREAM.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"docs/STREAM.md": string(doc)}
	for _, command := range []string{"classify", "train", "stream"} {
		texts[command+" --help"] = must(t, command, "--help")
	}
	for _, format := range event.Formats() {
		for where, text := range texts {
			quoted := format
			if strings.HasPrefix(where, "docs/") {
				quoted = "`" + format + "`"
			}
			if !strings.Contains(text, quoted) {
				t.Errorf("%s does not name %s", where, format)
			}
		}
	}
	for _, kind := range []string{".npy", ".npz", "HDF5", "NAME_labels.csv"} {
		if !strings.Contains(texts["classify --help"], kind) {
			t.Errorf("classify --help does not name %s", kind)
		}
	}
}
