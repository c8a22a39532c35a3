//go:build ignore

// Make writes the samples from the official test digits:
//
//	go run make.go FOLDER-WITH-MNIST
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"log"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run make.go FOLDER-WITH-MNIST")
	}
	for _, f := range []struct {
		name           string
		header, record int
	}{
		{"t10k-images-idx3-ubyte.gz", 16, 28 * 28},
		{"t10k-labels-idx1-ubyte.gz", 8, 1},
	} {
		for folder, most := range map[string]int{"": 1000, "board": 200} {
			if err := thin(filepath.Join(os.Args[1], f.name), filepath.Join(folder, f.name), f.header, f.record, most); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// every is the distance between two digits of the sample.
const every = 10

// thin copies the records 0, every, 2·every, … of an IDX file, a number of them.
func thin(from, to string, header, record, most int) error {
	packed, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	out := bytes.Clone(all[:header])
	count := 0
	for i := header; i < len(all) && count < most; i += every * record {
		out = append(out, all[i:i+record]...)
		count++
	}
	binary.BigEndian.PutUint32(out[4:], uint32(count))
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(out); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, buf.Bytes(), 0o644)
}
