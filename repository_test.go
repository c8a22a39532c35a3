package snurun_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/snurun/snurun/internal/outside"
)

// TestGitHub reads the workflows and templates under .github: they are YAML of the
// expected form, and the scripts and targets of make that steps run are there.
func TestGitHub(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	workflows, templates := 0, 0
	err = filepath.WalkDir(".github", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file struct {
			Name, Description string
			On                map[string]any
			Body              []struct{ Type string }
			Jobs              map[string]struct {
				RunsOn  string `yaml:"runs-on"`
				Timeout int    `yaml:"timeout-minutes"`
				Steps   []struct{ Uses, Run string }
			}
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		switch filepath.Base(filepath.Dir(path)) {
		case "workflows":
			workflows++
			if file.Name == "" || len(file.On) == 0 || len(file.Jobs) == 0 {
				t.Errorf("%s: name %q, %d triggers, %d jobs", path, file.Name, len(file.On), len(file.Jobs))
			}
		case "ISSUE_TEMPLATE":
			if templates++; d.Name() != "config.yml" && (file.Name == "" || file.Description == "" || len(file.Body) == 0) {
				t.Errorf("%s: expected a name, a description and a body", path)
			}
		}
		for name, job := range file.Jobs {
			if job.RunsOn == "" || job.Timeout == 0 || len(job.Steps) == 0 {
				t.Errorf("%s: job %s: runs on %q for %d minutes, %d steps", path, name, job.RunsOn, job.Timeout, len(job.Steps))
			}
			for _, step := range job.Steps {
				if (step.Uses == "") == (step.Run == "") {
					t.Errorf("%s: job %s: a step that uses %q and runs %q", path, name, step.Uses, step.Run)
				}
				words := strings.Fields(step.Run)
				switch {
				case len(words) > 0 && strings.HasPrefix(words[0], ".ci/"):
					if _, err := os.Stat(words[0]); err != nil {
						t.Errorf("%s: job %s: %v", path, name, err)
					}
				case len(words) == 2 && words[0] == "make":
					if !strings.Contains(string(makefile), "\n"+words[1]+":") {
						t.Errorf("%s: job %s: make has no target %s", path, name, words[1])
					}
				}
			}
		}
		return nil
	})
	if err != nil || workflows < 2 || templates < 2 {
		t.Errorf("%d workflows, %d templates, %v", workflows, templates, err)
	}
}

// TestUnits has systemd read the units of the documentation.
func TestUnits(t *testing.T) {
	t.Parallel()
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		outside.Missing(t, "systemd-analyze")
	}
	units, err := filepath.Glob("docs/examples/*.service")
	if err != nil || len(units) < 5 {
		t.Fatal(units, err)
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		// Programs that every machine has.
		file := filepath.Join(dir, filepath.Base(unit))
		text = regexp.MustCompile(`(?m)^(Exec\w+=)/\S+`).ReplaceAll(text, []byte("${1}/bin/true"))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command(systemd, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestContributing holds the lists of CONTRIBUTING.md against the files that there
// are, and against how long they may be.
func TestContributing(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	file := regexp.MustCompile("`([A-Za-z0-9_./]+\\.(go|md)|\\.ci/[a-z]+)`")
	item := regexp.MustCompile(`(?m)^\d+\. `)
	most := map[string]int{"An event format": 3, "A readout": 5, "An encoder": 6, "A layer kind": 12, "A kernel": 5, "A tier": 4}
	for section := range strings.SplitSeq(string(page), "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		limit, ok := most[heading]
		delete(most, heading)
		if n := len(item.FindAllString(text, -1)); ok && (n == 0 || n > limit) {
			t.Errorf("%s takes %d steps, expected 1 to %d", heading, n, limit)
		}
		for _, m := range file.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil && !strings.Contains(m[1], "NAME") {
				t.Errorf("%s: %v", heading, err)
			}
		}
	}
	for heading := range most {
		t.Errorf("CONTRIBUTING.md has no section %q", heading)
	}
}
