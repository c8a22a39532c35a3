//go:build !js

// Playground writes the page of snurun serve as files that need no server: the
// runtime is WebAssembly and runs in the browser.
//
//	go run ./internal/tools/playground -out docs/playground
//	python3 -m http.server -d docs/playground       any host of files will do
//
// As for snurun serve, a folder of a model's name in that of -samples holds recordings
// to choose from; a list labels.txt there says which class each is of.
// Built for js/wasm this package is the program that the page loads.
package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/serve/page"
)

//go:embed web
var web embed.FS

// policy is that of the server, and lets WebAssembly be compiled, which is no script
// from elsewhere. Only a header could forbid frames.
const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'">`

func main() {
	out := flag.String("out", "docs/playground", "`folder` to write to")
	models := flag.String("models", "testdata/mnist.msgpack,testdata/nmnist.msgpack", "model `files`, with commas between them")
	samples := flag.String("samples", "testdata", "`folder` with a folder of recordings for each model, of its name")
	flag.Parse()
	if err := build(*out, strings.Split(*models, ","), *samples); err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(1)
	}
}

// entry is a model in models.json.
type entry struct {
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Samples []sample `json:"samples"`
}

type sample struct {
	File  string `json:"file"`
	Label string `json:"label"` // "" if it is not known
}

func build(out string, models []string, samples string) error {
	files := map[string][]byte{}
	documents, err := page.Files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, f := range documents {
		name := f.Name()
		text, err := page.Files.ReadFile(name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			const engine, head = `data-engine="socket"`, "<head>\n"
			if !bytes.Contains(text, []byte(engine)) || !bytes.Contains(text, []byte(head)) {
				return fmt.Errorf("%s: expected %s and %q", name, engine, head)
			}
			text = bytes.Replace(text, []byte(engine), []byte(`data-engine="wasm"`), 1)
			text = bytes.Replace(text, []byte(head), []byte(head+policy+"\n"), 1)
		}
		files[name] = text
	}
	for _, name := range []string{"wasm.js", "worker.js"} {
		text, err := web.ReadFile("web/" + name)
		if err != nil {
			return err
		}
		files[name] = text
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	if files["wasm_exec.js"], err = os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec.js")); err != nil {
		return err
	}
	if files["snurun.wasm.gz"], err = program(); err != nil {
		return err
	}
	var list []entry
	for _, model := range models {
		name := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
		e := entry{Name: name, File: "models/" + filepath.Base(model), Samples: []sample{}}
		if files[e.File], err = os.ReadFile(model); err != nil {
			return err
		}
		if e.Samples, err = recordings(filepath.Join(samples, name), files, path.Join("models", name)); err != nil {
			return err
		}
		list = append(list, e)
	}
	if files["models.json"], err = json.MarshalIndent(list, "", "  "); err != nil {
		return err
	}
	for name, content := range files {
		to := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := atomicfile.Write(to, func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// recordings adds those of a folder to the files, at a path, and returns them. There
// may be no such folder.
func recordings(dir string, files map[string][]byte, at string) ([]sample, error) {
	found := []sample{}
	beside, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	labels := map[string]string{}
	list, err := os.ReadFile(filepath.Join(dir, "labels.txt"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) == 2 {
			labels[f[0]] = f[1]
		}
	}
	for _, f := range beside {
		if ext := filepath.Ext(f.Name()); f.IsDir() || ext == ".md" || ext == ".txt" {
			continue
		}
		s := sample{path.Join(at, f.Name()), labels[f.Name()]}
		if files[s.File], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// program builds this package for the browser and returns it gzipped. The tag board
// leaves out what a page does not need.
func program() ([]byte, error) {
	dir, err := os.MkdirTemp("", "playground")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "snurun.wasm")
	cmd := exec.Command("go", "build", "-tags", "board", "-trimpath", "-ldflags", "-s -w", "-o", to, "github.com/snurun/snurun/internal/tools/playground")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build for js/wasm: %w", err)
	}
	code, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(code); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
