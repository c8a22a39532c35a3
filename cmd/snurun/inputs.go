package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
)

// input is one named set of samples to classify.
type input struct {
	name   string
	source dataset.Source
}

// openInputs opens what the command line names: the files, or the data set in
// dir, or the digits that are part of the program.
func openInputs(ctx context.Context, m *model.Network, names []string, dir string, stdin io.Reader, how readingFlags) ([]input, error) {
	reading := how.reading()
	if len(names) > 0 {
		var inputs []input
		var bad error // of the first file that was passed over
		files := dataset.Opener{Network: m, Reading: reading}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				return nil, usagef("%s is a folder: --data %s takes what is in it", name, name)
			}
			source, err := openInput(&files, name, stdin)
			if err != nil && len(names) > 1 && reading.Skips(err) {
				reading.Remark(dataset.Remark{File: name, Kind: dataset.RemarkSkipped, Count: 1, Text: fmt.Sprintf("the file was passed over: %v", err)})
				bad = cmp.Or(bad, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, input{name, source})
		}
		if len(inputs) == 0 {
			return nil, fmt.Errorf("none of the %d files can be read, the first because of: %w", len(names), bad)
		}
		return inputs, nil
	}
	if m.Readout.Kind.EachStep() && dir != "" {
		return openSequences(m, dir)
	}
	name, load := "sample", dataset.Sample
	switch coding := m.Input.Encoder.Coding; {
	case !coding.Spec().Pixels && dir == "":
		return nil, usagef("%w: the model takes %s: name a recording, or a folder of them with --data", dataset.ErrCoding, coding)
	case !coding.Spec().Pixels:
		return openFolder(ctx, m, dir, "", how)
	case dir != "":
		name, load = dir, func() (dataset.ImageSet, error) { return dataset.LoadImages(dir, dataset.TestPart) }
	}
	set, err := load()
	if err != nil {
		return nil, err
	}
	source, err := imageSource(m, set)
	if err != nil {
		return nil, err
	}
	return []input{{name, source}}, nil
}

func openInput(files *dataset.Opener, name string, stdin io.Reader) (dataset.Source, error) {
	if name == "-" {
		return files.Read(stdin, "standard input")
	}
	return files.Open(name)
}

// openFolder opens the recordings of a folder: those of a list or of subfolders.
func openFolder(ctx context.Context, m *model.Network, dir, list string, how readingFlags) ([]input, error) {
	reading := how.reading()
	o := dataset.FolderOptions{Reading: reading, List: inFolder(dir, list), Classes: m.Classes, Steps: m.Steps}
	if list == "" {
		if _, test := splitFolders(dir); test != "" {
			dir = test
		}
	}
	source, err := dataset.LoadFolder(ctx, dir, m.Input, o)
	if err != nil {
		return nil, err
	}
	return []input{{cmp.Or(dir, list), source}}, nil
}

func imageSource(m *model.Network, set dataset.ImageSet) (dataset.Source, error) {
	return dataset.FromImageSet(set, m.Input)
}

// inFolder returns the path of a list that is named relative to the current
// folder or, if it is not there, to dir.
func inFolder(dir, list string) string {
	if list == "" || filepath.IsAbs(list) {
		return list
	}
	if _, err := os.Stat(list); err != nil {
		if path := filepath.Join(dir, list); dir != "" {
			return path
		}
	}
	return list
}

// splitFolders returns the subfolders train and test of dir, in any case of
// letters, or nothing unless it has both.
func splitFolders(dir string) (training, test string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", "" // whoever reads dir reports it
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		switch strings.ToLower(e.Name()) {
		case "train":
			training = path
		case "test":
			test = path
		}
	}
	if training == "" || test == "" {
		return "", ""
	}
	return training, test
}
