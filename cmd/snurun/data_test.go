//go:build !board

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mirror that has nothing is an error that names it, and leaves no files.
func TestDataFromABrokenMirror(t *testing.T) {
	mirror := httptest.NewServer(http.NotFoundHandler())
	defer mirror.Close()
	dir := filepath.Join(t.TempDir(), "mnist")
	_, diagnostics, code := snurun(t, "data", "mnist", "--out", dir, "--mirror", mirror.URL+"/")
	if code != exitFailure || !strings.Contains(diagnostics, "404") || !strings.Contains(diagnostics, mirror.URL) {
		t.Errorf("exit %d, %q, expected exit %d, the mirror and its status", code, diagnostics, exitFailure)
	}
	if files, err := os.ReadDir(dir); err == nil && len(files) > 0 {
		t.Errorf("%d files are left", len(files))
	}
}
