package export_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// FuzzRead gives the decoder files whose digest is right, so that it is
// reached: its input is a file without the sha256 at the end. What is read
// must be written, and read again, as the same network.
func FuzzRead(f *testing.F) {
	data, planes := golden(f), goldenFile(f, "planes")
	f.Add(body(data))
	f.Add(body(planes))
	for seed := range uint64(60) {
		for _, m := range []*model.Network{randomNetwork(f, seed), randomPlanes(f, seed)} {
			if file := encode(f, m); len(file) < 1<<12 {
				f.Add(body(file))
			}
		}
	}
	for _, bomb := range bombs {
		for _, path := range []string{"metadata", "input.shape", "layers", "layers[1].weight.scale", "selftest.inputs"} {
			f.Add(body(with(f, data, path, bomb)))
		}
		for _, path := range []string{"layers[3].from", "layers[0].stride", "layers[1].kernel", "layers[0].groups", "layers[0].synapse", "readout.margin"} {
			f.Add(body(with(f, planes, path, bomb)))
		}
	}
	f.Add(body(insert(f, data, "layers[0]", "\xa1x"+strings.Repeat("\x91", 40), 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := read(b); err != nil && !known(err) {
			t.Fatalf("error of no kind: %v", err)
		}
		m, err := read(seal(b))
		if err != nil {
			if !known(err) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if err := m.Validate(); err != nil {
			t.Fatalf("read a network that is not valid: %v", err)
		}
		var first, second bytes.Buffer
		if err := export.Write(&first, m); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := export.Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if err := export.Write(&second, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("wrote\n%x\nthen\n%x", first.Bytes(), second.Bytes())
		}
	})
}
