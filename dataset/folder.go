package dataset

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// The files of a folder that name its classes, and those of its recordings.
const (
	classesFile = "classes.txt"
	labelsFile  = "labels.txt"
)

// FolderOptions say how the recordings of a folder are labelled.
type FolderOptions struct {
	// List is the path of a list of recordings and their classes; see
	// LoadFolder. If empty, it is DIR/labels.txt or, without such a file, each
	// class has a subfolder.
	List string

	// Classes are the names of the classes, in the order of a network's outputs.
	// None stands for those in DIR/classes.txt, one a line, or, without such a
	// file, for all that occur: 0, 1, … to the largest if they are numbers, else
	// in the order of their names.
	Classes []string

	// Steps is how many steps a presentation has, 0 if that is not known: if it is
	// more than 1, an array of shape [T, 1, N] is one recording of T steps.
	Steps int

	Reading
}

// LoadFolder reads labelled recordings for a network's input from a folder, all
// of one class from a subfolder of its name:
//
//	DIR/<class>/*         recordings of that class, in the order of their names
//
// or those of a list, in its order. A line has a recording and, after a blank or comma,
// its class; empty lines and lines that begin with '#' are passed over:
//
//	DIR/labels.txt        right/0017.npy  right
//	                      60001           left
//
// A recording of a list is a file in DIR, with or without its extension. If dir
// is empty, it is the folder of the list. A list that is an HDF5 file is the samples in
// it with their labels, as of SHD.
//
// A recording is a NumPy array .npy, see ReadSpikes, of which one of rank 3
// holds several, an archive .npz, sound, lines of numbers for a network of signals, or
// that of an event camera, see Open. In subfolders, files with
// other extensions are passed over, and .txt is taken for notes. The samples are
// spikes, or values if the input's encoder is analog, or one of signals without
// parameters: then what it takes in, to learn them from. If the input has no shape,
// that of the source is that of the first recording: [N] of an array, [2, H, W]
// of a sensor.
func LoadFolder(ctx context.Context, dir string, in model.Input, o FolderOptions) (Source, error) {
	if dir == "" {
		dir = filepath.Dir(o.List)
	}
	if isSet(o.List) {
		return openRecordings(o.List, nil, in, &o)
	}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	classes := o.Classes
	if len(classes) == 0 {
		var err error
		if classes, err = readClasses(filepath.Join(dir, classesFile)); err != nil {
			return nil, err
		}
	}
	o.Classes = classes
	entries, err := folderEntries(dir, o.List)
	if err != nil {
		return nil, err
	}
	return loadEntries(ctx, dir, entries, in, o)
}

// loadEntries reads the recordings of entries, whose classes are those of the options or,
// without them, all that occur.
func loadEntries(ctx context.Context, dir string, entries []entry, in model.Input, o FolderOptions) (Source, error) {
	classes := o.Classes
	if len(classes) == 0 {
		classes = classesOf(entries)
	}
	number := make(map[string]int, len(classes))
	for label, name := range classes {
		number[name] = label
	}
	for _, e := range entries {
		if _, ok := number[e.class]; !ok {
			return nil, e.at(unknownClass(e, classes))
		}
	}
	if len(entries) > 0 && entries[0].list == "" {
		byClass := make([][]entry, len(classes))
		for _, e := range entries {
			byClass[number[e.class]] = append(byClass[number[e.class]], e)
		}
		entries = slices.Concat(byClass...)
	}
	f := &folderSource{labelled: labelled{classes: classes}}
	bad, first := 0, error(nil)
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := f.add(dir, e, number[e.class], &in, &o)
		if err != nil && o.Skips(err) {
			if bad++; bad == 1 {
				first = err
			}
			err = o.remark(e.file, RemarkSkipped, 1, "the recording was passed over: %v", err)
		}
		if err != nil {
			return nil, e.at(err)
		}
	}
	if bad > 0 && len(f.labels) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: none of the %d recordings can be read, the first because of: %w", dir, ErrFormat, bad, first)
	}
	if len(f.labels) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: neither a list %s nor subfolders with recordings (%s)%s", dir, fs.ErrNotExist, labelsFile, strings.Join(recordingExtensions(), ", "), listsIn(dir))
	}
	return f, nil
}

// isSet reports whether a list is a file that holds samples and their classes.
func isSet(list string) bool {
	kind, err := kindOfFile(list)
	return err == nil && kind == "hdf5" // an error is reported by who reads it
}

// kindOfFile tells what a file holds, as kindOf.
func kindOfFile(path string) (kind string, err error) {
	f, _, err := openMember(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	kind, _ = kindOf(bufio.NewReaderSize(f, headSize), f.Name())
	return kind, nil
}

// listsIn names the text files of a folder, which may be meant, or is empty.
func listsIn(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	const most = 3
	var lists []string
	for _, e := range entries {
		if ext := strings.ToLower(filepath.Ext(e.Name())); !e.IsDir() && !hidden(e) && (ext == ".txt" || ext == ".csv") && len(lists) < most {
			lists = append(lists, e.Name())
		}
	}
	if len(lists) == 0 {
		return ""
	}
	return "; " + strings.Join(lists, ", ") + " may be lists, which --list FILE names"
}

// checkFolder reports that there is something else in place of a folder.
func checkFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("dataset: %s is a file, expected a folder", dir)
	}
	return nil
}

// folderEntries returns the recordings of a folder: those of a list or, if there
// is none, of its subfolders.
func folderEntries(dir, list string) ([]entry, error) {
	if list == "" {
		beside := filepath.Join(dir, labelsFile)
		if _, err := os.Stat(beside); err == nil {
			list = beside
		}
	}
	if list != "" {
		entries, err := readList(list)
		if err != nil {
			return nil, err
		}
		return withParts(dir, entries)
	}
	return readSubfolders(dir)
}

// readSubfolders returns the recordings of all subfolders, by name; hidden
// files and folders, whose names begin with a dot, are passed over.
func readSubfolders(dir string) ([]entry, error) {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	extensions := slices.DeleteFunc(recordingExtensions(), func(ext string) bool { return ext == ".txt" })
	var entries []entry
	for _, folder := range folders {
		path := filepath.Join(dir, folder.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() || hidden(folder) { // a link may be one to a folder
			continue
		}
		files, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		}
		for _, file := range files {
			if !file.IsDir() && !hidden(file) && slices.Contains(extensions, strings.ToLower(filepath.Ext(file.Name()))) {
				entries = append(entries, entry{file: filepath.Join(path, file.Name()), class: folder.Name()})
			}
		}
	}
	return entries, nil
}

// recordingExtensions are the endings of recordings' names.
func recordingExtensions() []string {
	return slices.Concat([]string{".npy", ".npz", ".h5", ".hdf5"}, soundExtensions, event.Extensions())
}

func hidden(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }

// folderSource is the samples of many files, each with a class.
type folderSource struct {
	labelled
	samples []fileSample
}

// fileSample is sample number index of a file.
type fileSample struct {
	name  string
	file  Source
	index int
}

// NameOf returns the name of the file that sample i of a source is from, with its
// number if the file holds several; "" if the source is not of a folder.
func NameOf(s Source, i int) string {
	switch s := s.(type) {
	case *subset:
		return NameOf(s.Source, s.indices[i])
	case *signalSource:
		return NameOf(s.Source, i)
	case *folderSource:
		if f := s.samples[i]; f.file.Len() > 1 {
			return fmt.Sprintf("%s[%d]", f.name, f.index)
		} else {
			return f.name
		}
	}
	return ""
}

// add reads the recordings of an entry. The first one gives in its shape, if it
// has none.
func (f *folderSource) add(dir string, e entry, label int, in *model.Input, o *FolderOptions) error {
	path, err := e.find(dir)
	if err != nil {
		return err
	}
	file, err := openRecordings(path, e.part, *in, o)
	if err != nil {
		return err
	}
	if e.part != nil {
		path += ":" + e.part.String()
	}
	if in.Shape == nil {
		in.Shape = file.Shape()
	}
	f.shape = in.Shape
	for i := range file.Len() {
		f.samples = append(f.samples, fileSample{path, file, i})
		f.labels = append(f.labels, label)
	}
	return nil
}

// openRecordings reads a file of recordings, or a part of one, nil for all of it.
func openRecordings(path string, of *part, in model.Input, o *FolderOptions) (Source, error) {
	f, member, err := openMember(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, headSize)
	if of != nil {
		path += ":" + of.String()
	}
	j := job{path, member, of, in, o.Steps, unknown, o.Classes, &o.Reading, nil}
	kind, format := j.kind(r, f.Name())
	switch {
	case slices.Contains([]string{"npy", "npz", "hdf5", "events", "sound", rows}, kind):
		return j.recordings(r, f.Name(), kind, format)
	case in.Encoder.Coding.Signals():
		return nil, unknownKind(r, path, notSignal)
	}
	return nil, unknownKind(r, path, "neither a NumPy array (.npy), nor sound (.wav), nor a recording of events")
}

func (f *folderSource) Length(i int) int {
	return Length(f.samples[i].file, f.samples[i].index)
}

func (f *folderSource) Load(dst spike.Input, i int, key Key) error {
	if err := checkSample(i, len(f.samples)); err != nil {
		return err
	}
	return f.samples[i].file.Load(dst, f.samples[i].index, key)
}
