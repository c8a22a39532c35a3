package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An entry is a recording and the name of its class.
type entry struct {
	file  string // a path, or as a list has it
	class string // "" if a table of parts tells it
	part  *part  // of the recording, nil for all of it
	list  string // where the entry stands, if in a list
	line  int
}

// at adds where the entry stands to an error.
func (e entry) at(err error) error {
	if e.list == "" {
		return err
	}
	return fmt.Errorf("%s:%d: %w", e.list, e.line, err)
}

// find returns the path of the recording, which a list names relative to dir,
// with or without its extension.
func (e entry) find(dir string) (string, error) {
	if e.list == "" || e.part != nil {
		return e.file, nil
	}
	path := filepath.FromSlash(e.file)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if at := strings.LastIndexByte(path, ':'); at > 0 && hasMembers(path[:at]) {
		return path, nil
	}
	extensions := recordingExtensions()
	for _, ext := range append([]string{""}, extensions...) {
		if info, err := os.Stat(path + ext); err == nil && !info.IsDir() {
			return path + ext, nil
		}
	}
	return "", fmt.Errorf("dataset: %w: neither %s nor that name with one of %s", fs.ErrNotExist, path, strings.Join(extensions, ", "))
}

// Bounds of the bytes of a list of classes and of one of recordings.
const (
	maxClasses = 1 << 20
	maxList    = 1 << 26
)

// readList reads a list of recordings.
func readList(path string) ([]entry, error) {
	text, err := readText(path, maxList)
	if err != nil {
		return nil, err
	}
	return parseList(path, text)
}

func parseList(path, text string) ([]entry, error) {
	var entries []entry
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexAny(line, " \t,;")
		if i < 0 {
			entries = append(entries, entry{file: line, list: path, line: n})
			continue
		}
		file, name := strings.TrimRight(line[:i], " \t,;"), line[i+1:]
		if file == "" {
			return nil, fmt.Errorf("dataset: %s:%d: %w: %.40q, expected a recording in front of its class", path, n, ErrFormat, line)
		}
		if file == "" || name == "" {
			return nil, fmt.Errorf("dataset: %s:%d: %w: %.40q, expected a recording, a blank or comma, and its class", path, n, ErrFormat, line)
		}
		if entries == nil && headOfList(file, name) {
			continue
		}
		entries = append(entries, entry{file: file, class: name, list: path, line: n})
	}
	if entries == nil {
		return nil, fmt.Errorf("dataset: %s: %w: no recordings, expected one and its class a line", path, ErrFormat)
	}
	return entries, nil
}

// withParts puts the parts of recordings in place of those entries that have no class.
func withParts(dir string, entries []entry) ([]entry, error) {
	var all []entry
	for _, e := range entries {
		if e.class != "" {
			all = append(all, e)
			continue
		}
		path, err := e.find(dir)
		if err != nil {
			return nil, e.at(err)
		}
		table := partsOf(path)
		if table == "" {
			return nil, fmt.Errorf("dataset: %s:%d: %w: %.40q, expected a recording, a blank or comma, and its class; or a table of its parts beside it, NAME_labels.csv", e.list, e.line, ErrFormat, e.file)
		}
		parts, err := readParts(path, table)
		if err != nil {
			return nil, err
		}
		all = append(all, parts...)
	}
	return all, nil
}

// headOfList reports whether the first line of a list names its columns.
func headOfList(file, class string) bool {
	files, classes := []string{"file", "filename", "name", "path", "recording"}, []string{"class", "label"}
	return slices.Contains(files, strings.ToLower(file)) && slices.Contains(classes, strings.ToLower(class))
}

// labelList is the list of a folder, for looking up single files.
type labelList struct {
	entries []entry
	first   map[string]int // by an entry's file: the first entry of it
	classes []string       // all that occur
}

// readLabels reads the list of a folder; nil if there is none.
func readLabels(dir string) (*labelList, error) {
	entries, err := readList(filepath.Join(dir, labelsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		entries, err = withParts(dir, entries)
	}
	if err != nil {
		return nil, err
	}
	l := &labelList{entries, make(map[string]int, len(entries)), classesOf(entries)}
	for i, e := range entries {
		if _, ok := l.first[e.file]; !ok {
			l.first[e.file] = i
		}
	}
	return l, nil
}

// class returns the class of a file among classes, or if there are none among
// those of the list. The entry is the first that has the file's name, with or
// without its extension.
func (l *labelList) class(file string, classes []string) (class, error) {
	if l == nil {
		return unknown, nil
	}
	at := len(l.entries)
	for _, name := range []string{file, strings.TrimSuffix(file, filepath.Ext(file))} {
		if i, ok := l.first[name]; ok {
			at = min(at, i)
		}
	}
	if at == len(l.entries) {
		return unknown, nil
	}
	if len(classes) == 0 {
		classes = l.classes
	}
	e := l.entries[at]
	label := slices.Index(classes, e.class)
	if label < 0 {
		return unknown, e.at(unknownClass(e, classes))
	}
	return class{label, classes}, nil
}

// unknownClass is the error of an entry whose class is none of classes.
func unknownClass(e entry, classes []string) error {
	const shown = 12
	names := strings.Join(classes[:min(shown, len(classes))], ", ")
	if len(classes) > shown {
		names += ", …"
	}
	return fmt.Errorf("dataset: %s: %w: class %q, expected one of the %d: %s", e.file, ErrMismatch, e.class, len(classes), names)
}

// maxNumbered bounds the classes that are numbers.
const maxNumbered = 1 << 16

// classesOf returns the names of the classes of entries: 0, 1, … to the largest
// if all are numbers, else in their order.
func classesOf(entries []entry) []string {
	names := make(map[string]bool)
	largest, numbers := 0, true
	for _, e := range entries {
		names[e.class] = true
		n, err := strconv.Atoi(e.class)
		numbers = numbers && err == nil && n >= 0 && n < maxNumbered && strconv.Itoa(n) == e.class
		largest = max(largest, n)
	}
	if numbers {
		return numbered(largest + 1)
	}
	return slices.Sorted(maps.Keys(names))
}

// numbered returns the names of n classes that are numbers.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// readClasses reads a list of classes, one name a line; nil if there is no such
// file.
func readClasses(path string) ([]string, error) {
	text, err := readText(path, maxClasses)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var classes []string
	line := make(map[string]int)
	for name := range strings.Lines(text) {
		name = strings.TrimSpace(name)
		n := len(classes) + 1
		if name == "" {
			return nil, fmt.Errorf("dataset: %s:%d: %w: an empty line, expected the name of a class", path, n, ErrFormat)
		}
		if line[name] > 0 {
			return nil, fmt.Errorf("dataset: %s:%d: %w: class %q stands in line %d already", path, n, ErrFormat, name, line[name])
		}
		line[name] = n
		classes = append(classes, name)
	}
	if classes == nil {
		return nil, fmt.Errorf("dataset: %s: %w: no classes, expected one name a line", path, ErrFormat)
	}
	return classes, nil
}

// readText reads a file of at most limit bytes, without the byte order mark that
// some editors put before text.
func readText(path string, limit int) (string, error) {
	var text []byte
	err := readFile(path, func(r io.Reader, _ int64) (err error) {
		if text, err = io.ReadAll(io.LimitReader(r, int64(limit)+1)); err != nil {
			return fmt.Errorf("dataset: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if len(text) > limit {
		return "", fmt.Errorf("dataset: %s: %w: more than %d bytes", path, ErrFormat, limit)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}
