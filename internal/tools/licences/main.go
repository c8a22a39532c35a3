// Command licences prints the licences of everything that the binaries snurun and
// snurun-hub are linked from, on any system: a table and the texts.
//
//	go run ./internal/tools/licences > NOTICE
package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := notice(os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "licences: %v\n", err)
		os.Exit(1)
	}
}

// module is something that is linked.
type module struct {
	name, version, dir string
	texts              []text
}

// text is a licence file.
type text struct{ name, content string }

func notice(w io.Writer) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	var table, texts bytes.Buffer
	for _, m := range modules {
		if m.texts, err = licences(m.dir); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		var kinds []string
		fmt.Fprintf(&texts, "\n%s\n%s\n", strings.Repeat("=", 78), strings.TrimSpace(m.name+" "+m.version))
		for _, t := range m.texts {
			if kind := kindOf(t.content); kind != "" && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
			fmt.Fprintf(&texts, "%s\n%s\n\n%s\n", t.name, strings.Repeat("-", 78), strings.TrimSpace(t.content))
		}
		if kinds == nil {
			return fmt.Errorf("%s: its licence is none that this program knows", m.name)
		}
		fmt.Fprintf(&table, "%-37s  %-36s  %s\n", m.name, m.version, strings.Join(kinds, ", "))
	}
	_, err = fmt.Fprintf(w, `snurun is licensed under the Apache License 2.0, see LICENSE. Its binaries are
linked from the Go standard library and the modules below, whose licences follow.
This file is written by "make licences".

%s%s`, &table, &texts)
	return err
}

// linked returns the modules that the binaries are linked from on any system, by
// name, after the standard library.
func linked() ([]module, error) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`
	all := make(map[string]module)
	for _, system := range []string{"linux", "darwin", "windows"} {
		out, err := goCommand("GOOS="+system, "list", "-deps", "-f", format, "github.com/snurun/snurun/cmd/snurun", "github.com/snurun/snurun/cmd/snurun-hub")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			if f := strings.SplitN(strings.TrimSpace(line), " ", 3); len(f) == 3 {
				all[f[0]] = module{name: f[0], version: f[1], dir: f[2]}
			}
		}
	}
	root, err := goCommand("", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules := []module{{name: "the Go standard library", dir: strings.TrimSpace(root)}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		modules = append(modules, all[name])
	}
	return modules, nil
}

func goCommand(env string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

var licenceFile = regexp.MustCompile("(?i)^(licen[cs]e|copying|ftl|edl-v10)")

// licences returns the licence files of a module: those at its root, and in a
// folder of licences where the one at the root points there.
func licences(dir string) ([]text, error) {
	var texts []text
	for _, folder := range []string{".", "licenses"} {
		entries, err := fs.ReadDir(os.DirFS(dir), folder)
		if err != nil && folder == "." {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() || !licenceFile.MatchString(e.Name()) {
				continue
			}
			name := filepath.Join(folder, e.Name())
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			texts = append(texts, text{filepath.ToSlash(name), strings.ReplaceAll(string(content), "\r\n", "\n")})
		}
	}
	if texts == nil {
		return nil, fmt.Errorf("no licence in %s", dir)
	}
	return texts, nil
}

// kindOf returns the SPDX identifier of a licence, by words that only it has,
// "" if it is not known.
func kindOf(content string) string {
	words := strings.Join(strings.Fields(content), " ")
	for _, k := range []struct{ spdx, says string }{
		{"OFL-1.1", "SIL OPEN FONT LICENSE Version 1.1"},
		{"FTL", "The FreeType Project LICENSE"},
		{"FTL", "subject to your choice of exactly one of the following two licenses"},
		{"CC-BY-4.0", "Creative Commons Attribution 4.0 International Public License"},
		{"EPL-2.0", "Eclipse Public License - v 2.0 (EPL-2.0)"},
		{"Apache-2.0", "Apache License Version 2.0"},
		{"MIT", "Permission is hereby granted, free of charge"},
		{"ISC", "Permission to use, copy, modify, and distribute this software for any purpose with or without fee"},
		{"BSD-3-Clause", "Neither the name"},
		{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	} {
		if strings.Contains(words, k.says) {
			return k.spdx
		}
	}
	return ""
}
