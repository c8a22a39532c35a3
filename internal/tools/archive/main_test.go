package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPack packs the same files with other times and in another order: the bytes
// are the same, and what is unpacked is what was there.
func TestPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"snurun": "\x7fELF", "README.md": "read"}
	var names []string
	for name, text := range files {
		names = append(names, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var one, two bytes.Buffer
	if err := pack(&one, "top", names); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(names[0], time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := pack(&two, "top", []string{names[1], names[0]}); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("other bytes for the same files, %v", err)
	}
	r, err := gzip.NewReader(&one)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(r)
	for _, want := range []struct {
		name, text string
		mode       int64
	}{{"top/README.md", "read", 0o644}, {"top/snurun", "\x7fELF", 0o755}} {
		h, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(archive); err != nil || h.Name != want.name || string(text) != want.text || h.Mode != want.mode {
			t.Errorf("%s, mode %o, %q, %v; expected %+v", h.Name, h.Mode, text, err, want)
		}
	}
	if err := pack(io.Discard, "top", []string{filepath.Join(dir, "absent")}); err == nil {
		t.Error("packed a file that is not there")
	}
}
