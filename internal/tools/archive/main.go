// Command archive packs files into a .tar.gz whose bytes depend on the files
// alone: no times, owners or order of a folder.
//
//	go run ./internal/tools/archive OUT.tar.gz FOLDER FILE…
//
// FOLDER is the folder in the archive; snurun and snurun.exe are programs.
package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/snurun/snurun/internal/atomicfile"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "archive: expected OUT.tar.gz FOLDER FILE…")
		os.Exit(2)
	}
	err := atomicfile.Write(os.Args[1], func(w io.Writer) error { return pack(w, os.Args[2], os.Args[3:]) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

func pack(w io.Writer, folder string, files []string) error {
	packed := gzip.NewWriter(w)
	archive := tar.NewWriter(packed)
	files = slices.SortedFunc(slices.Values(files), func(a, b string) int {
		return slices.Compare([]byte(filepath.Base(a)), []byte(filepath.Base(b)))
	})
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		h := &tar.Header{Format: tar.FormatUSTAR, Name: path.Join(folder, filepath.Base(file)), Size: int64(len(content)), Mode: 0o644}
		if name := filepath.Base(file); name == "snurun" || name == "snurun.exe" {
			h.Mode = 0o755
		}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return packed.Close()
}
