// Package tensors makes networks of named tensors, as PyTorch and NumPy save
// them, and a description in JSON that says which tensor is what: for networks
// whose framework does not write NIR. docs/CONVERT.md specifies the description.
//
// A file is untrusted input. Every length in it is checked against what is left
// before anything is allocated.
package tensors

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
)

// The kinds of error, beside model.ErrInvalid: a description that is well formed
// but of a network that makes no sense.
var (
	// ErrFormat: the file is neither safetensors nor a .npz archive, or is damaged.
	ErrFormat = errors.New("malformed tensor file")
	// ErrDescription: the description is missing, no JSON, or has keys or names
	// that do not exist.
	ErrDescription = errors.New("malformed description")
)

// Tensor is an array of numbers in row-major order.
type Tensor struct {
	Shape []int
	Data  []float32
}

// File is the tensors of a file, by name.
type File struct {
	Tensors map[string]Tensor
	// Description is the text under the key "snurun" in the metadata of a safetensors
	// file, or empty.
	Description string

	unread map[string]error // of tensors of a kind that is not read
}

// Read reads a .safetensors or .npz file, told by its first bytes. Integers and
// floats of other widths become float32. Tensors of other kinds, such as strings,
// are an error only where a description names them. The error is an ErrFormat that
// names the tensor, what was found and what was expected.
func Read(data []byte) (*File, error) {
	switch {
	case isTorch(data):
		return nil, malformed("a checkpoint of PyTorch, a pickle, which is a program rather than data. This writes it as safetensors:\n\n%s\n", torchRecipe)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readArchive(data)
	}
	return readSafetensors(data)
}

// torchRecipe makes safetensors of a checkpoint.
const torchRecipe = `    import torch; from safetensors.torch import save_file
    state = torch.load("net.pt", map_location="cpu", weights_only=True)
    save_file({k: v.clone().contiguous() for k, v in state.items()}, "net.safetensors")`

// isTorch reports whether data are what torch.save writes: since PyTorch 1.6 a zip
// archive with a pickle, before that a pickle of a magic number.
func isTorch(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")) {
		return true
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(archive.File, func(f *zip.File) bool { return path.Base(f.Name) == "data.pkl" })
}

// ReadFile is Read for a named file of up to export.DefaultBytes bytes.
func ReadFile(name string) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, export.DefaultBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > export.DefaultBytes {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", name, ErrFormat, export.DefaultBytes)
	}
	t, err := Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func readArchive(data []byte) (*File, error) {
	archive, err := npy.ReadArchive(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	f := &File{Tensors: make(map[string]Tensor, len(archive.Arrays)), unread: archive.Unread}
	for name, err := range f.unread {
		f.unread[name] = fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for name, r := range archive.Records {
		f.unread[name] = fmt.Errorf("%w: tensor %q is an array of records with the fields %q, expected numbers", ErrFormat, name, r.Names)
	}
	for name, a := range archive.Arrays {
		t := Tensor{slices.Clone(a.Shape), make([]float32, a.Len())}
		for i := range t.Data {
			t.Data[i] = float32(a.At(i))
		}
		f.Tensors[name] = t
	}
	return f, nil
}

// Import is a network made of tensors, and what was done beyond the letter of its
// description.
type Import struct {
	Network  *model.Network
	Remarks  []string
	Warnings []string // of what may well be meant otherwise
}

// remarks are those on a layer.
type remarks struct {
	im    *Import
	where string
}

func (r *remarks) say(format string, args ...any) {
	r.im.Remarks = append(r.im.Remarks, r.where+": "+fmt.Sprintf(format, args...))
}

func (r *remarks) warn(format string, args ...any) {
	r.im.Warnings = append(r.im.Warnings, r.where+": "+fmt.Sprintf(format, args...))
}

// Network makes the network that a description in JSON says, with the tensors of
// f. An empty description stands for that of f. The error is an ErrDescription or
// model.ErrInvalid that names the layer and the key.
func (f *File) Network(description []byte) (*model.Network, error) {
	im, err := f.Import(description, "")
	if err != nil {
		return nil, err
	}
	return im.Network, nil
}

// Import is Network for neurons of a framework, in place of that of the
// description if it is not empty, with remarks.
func (f *File) Import(description []byte, framework string) (*Import, error) {
	if len(description) == 0 {
		if f.Description == "" {
			return nil, fmt.Errorf("%w: there is none: it can be a JSON file, or the metadata %q of a safetensors file", ErrDescription, metadataKey)
		}
		description = []byte(f.Description)
	}
	d, err := parse(description)
	if err != nil {
		return nil, err
	}
	if framework != "" {
		d.Framework = framework
	}
	im := &Import{}
	if im.Network, err = d.network(f, im); err != nil {
		return nil, err
	}
	return im, im.Network.Validate()
}
