package main

import (
	"encoding/json"
	"io"
	"net/url"
	"runtime/debug"
	"strings"
)

// sbom is a software bill of materials in the format CycloneDX 1.6. It has
// neither a serial number nor a time, so that it is the same for the same build.
type sbom struct {
	Format      string          `json:"bomFormat"`
	SpecVersion string          `json:"specVersion"`
	Version     int             `json:"version"`
	Metadata    sbomMetadata    `json:"metadata"`
	Components  []sbomComponent `json:"components"`
}

type sbomMetadata struct {
	Component sbomComponent `json:"component"`
}

type sbomComponent struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl"`
}

// newSBOM lists the modules that a binary was built from and the standard
// library.
func newSBOM(info *debug.BuildInfo) sbom {
	main := newComponent("application", &info.Main)
	std := newComponent("library", &debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")})
	s := sbom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: sbomMetadata{main}, Components: []sbomComponent{std}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		s.Components = append(s.Components, newComponent("library", m))
	}
	return s
}

// newComponent names a module by its package URL, pkg:golang/PATH@VERSION.
// What is built of a work tree, by go run or beside another module, has no version.
func newComponent(kind string, m *debug.Module) sbomComponent {
	version := m.Version
	if version == "(devel)" {
		version = ""
	}
	purl := "pkg:golang"
	for _, segment := range strings.Split(m.Path, "/") {
		purl += "/" + url.PathEscape(segment)
	}
	if version != "" {
		purl += "@" + url.QueryEscape(version)
	}
	return sbomComponent{Type: kind, Ref: purl, Name: m.Path, Version: version, PURL: purl}
}

func (s sbom) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}
