package event

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// headSize is how much of a recording Open and NewReader look at to tell its
// format.
const headSize = 4096

// A File is an open recording.
type File struct {
	Source
	name   string
	format string
	file   *os.File
}

// Open opens the named recording. The format is told by the file's first bytes
// and, for formats without a signature, by the extension, as [Detect] does.
func Open(name string, o Options) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, head, err := peekHead(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{name: name, file: file}
	f.format, err = Detect(name, head)
	if err == nil {
		f.Source, err = NewReader(f.format, r, o)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Format returns the name of the recording's format.
func (f *File) Format() string { return f.format }

// Read reads events; its errors name the file.
func (f *File) Read(dst []Event) (int, error) {
	n, err := f.Source.Read(dst)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", f.name, err)
	}
	return n, err
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// NewReader returns a reader of r in the named format. The empty name means to
// tell the format by the first bytes of r, for which up to 4096 bytes are
// awaited: name the format of a live stream.
func NewReader(format string, r io.Reader, o Options) (Source, error) {
	if err := o.Size.check(); err != nil {
		return nil, err
	}
	if format == "" {
		br, head, err := peekHead(r)
		if err != nil {
			return nil, err
		}
		if format, err = Detect("", head); err != nil {
			return nil, err
		}
		r = br
	}
	f, err := lookup(format)
	if err != nil {
		return nil, err
	}
	return f.NewReader(honest{r}, o)
}

// NewWriter returns a writer to w in the named format, for a sensor of the
// given size. The format es needs the size; the others also take an unknown one.
func NewWriter(format string, w io.Writer, size Size) (Writer, error) {
	if err := size.check(); err != nil {
		return nil, err
	}
	f, err := lookup(format)
	if err != nil {
		return nil, err
	}
	if f.NewWriter == nil {
		return nil, fmt.Errorf("event: %s: the format is read only: %w", format, errors.ErrUnsupported)
	}
	return f.NewWriter(w, size)
}

// Detect tells the format of a recording by its first bytes, head, and where
// they carry no signature by the extension of its name. Either may be empty.
func Detect(name string, head []byte) (string, error) {
	ext := strings.ToLower(filepath.Ext(name))
	var byExt []string
	for _, f := range formats() {
		if f.Match != nil && f.Match(head) {
			return f.Name, nil
		}
		if ext != "" && slices.Contains(f.Extensions, ext) {
			byExt = append(byExt, f.Name)
		}
	}
	switch len(byExt) {
	case 1:
		return byExt[0], nil
	case 0:
		return "", fmt.Errorf("event: extension %q, first bytes %.16q, expected a recording in one of %s, or its format named: %w",
			ext, head, strings.Join(Formats(), ", "), ErrUnknownFormat)
	}
	return "", fmt.Errorf("event: extension %q, first bytes %.32q, expected a header that tells which of %s it is, or the format named: %w",
		ext, head, strings.Join(byExt, ", "), ErrUnknownFormat)
}

func peekHead(r io.Reader) (*bufio.Reader, []byte, error) {
	br := bufio.NewReaderSize(r, headSize)
	head, err := br.Peek(headSize)
	if err != nil && err != io.EOF {
		return nil, nil, fmt.Errorf("event: read the head: %w", err)
	}
	return br, head, nil
}
