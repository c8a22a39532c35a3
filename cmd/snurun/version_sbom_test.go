//go:build !board

package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func TestSBOM(t *testing.T) {
	s := newSBOM(&debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "github.com/snurun/snurun", Version: "v1.2.3+dirty"},
		Deps: []*debug.Module{
			{Path: "example.org/replaced", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/here", Version: "(devel)"}},
			{Path: "git.sr.ht/~sbinet/gg", Version: "v0.7.0"},
			{Path: "example.org/a", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/b", Version: "v2.0.0"}},
		},
	})
	var b strings.Builder
	if err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "version": 1,
  "metadata": {
    "component": {
      "type": "application",
      "bom-ref": "pkg:golang/github.com/snurun/snurun@v1.2.3%2Bdirty",
      "name": "github.com/snurun/snurun",
      "version": "v1.2.3+dirty",
      "purl": "pkg:golang/github.com/snurun/snurun@v1.2.3%2Bdirty"
    }
  },
`
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("%s\nexpected\n%s", b.String(), want)
	}
	var purls []string
	for _, c := range s.Components {
		purls = append(purls, c.PURL)
	}
	if got, want := strings.Join(purls, " "), "pkg:golang/std@1.26.8 pkg:golang/example.org/here pkg:golang/git.sr.ht/~sbinet/gg@v0.7.0 pkg:golang/example.org/b@v2.0.0"; got != want {
		t.Errorf("components %s, expected %s", got, want)
	}
}

// TestVersionSBOM checks what the command prints of its own build.
func TestVersionSBOM(t *testing.T) {
	var s sbom
	if err := json.Unmarshal([]byte(must(t, "version", "--sbom")), &s); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(s.Components, s.Metadata.Component) {
		if c.Version == "(devel)" || strings.Contains(c.PURL, "devel") {
			t.Errorf("%+v, expected no version", c)
		}
	}
	if s.Format != "CycloneDX" || s.Metadata.Component.Name != "github.com/snurun/snurun" || len(s.Components) == 0 {
		t.Errorf("%+v", s)
	}
}
