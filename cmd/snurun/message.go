package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// packages are those whose errors begin with their name, which says nothing to
// whoever types commands.
var packages = []string{"dataset", "event", "evaluate", "export", "fleet", "hub", "layer", "model", "nir", "npy", "plot", "runtime", "serve", "stream", "tensors", "train"}

// message returns an error as it is printed: without the names of packages, and
// the name of a file once.
func message(err error) string {
	var parts []string
	for part := range strings.SplitSeq(err.Error(), ": ") {
		if slices.Contains(packages, part) || len(parts) > 0 && slices.Contains(parts, part) && strings.ContainsAny(part, "./\\") {
			continue
		}
		verb, name, _ := strings.Cut(part, " ")
		switch last := len(parts) - 1; {
		case last < 0:
		case part == parts[last]:
			continue
		case name == parts[last] && slices.Contains([]string{"open", "read", "stat"}, verb):
			parts = parts[:last]
		}
		if folder, ok := strings.CutPrefix(part, "read "); ok && strings.HasSuffix(err.Error(), part+": is a directory") {
			return strings.Join(append(parts, folder+" is a folder, expected a file"), ": ")
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ": ")
}

// foreign says of files of other frameworks, by the endings of their names, how
// their networks come here.
var foreign = map[string]string{
	".onnx": "ONNX", ".pt": "PyTorch", ".pth": "PyTorch", ".ckpt": "PyTorch", ".tflite": "TensorFlow Lite", ".h5": "Keras or HDF5", ".keras": "Keras", ".pb": "TensorFlow",
}

// withForeign adds to the error of a file that it is of another framework, if its
// name ends so.
func withForeign(file string, err error) error {
	if what := foreign[strings.ToLower(filepath.Ext(file))]; err != nil && what != "" {
		return fmt.Errorf("%w; a file of %s is not read: docs/CONVERT.md says how its network comes here, through NIR, safetensors or .npz", err, what)
	}
	return err
}
