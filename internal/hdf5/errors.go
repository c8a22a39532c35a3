package hdf5

import (
	"errors"
	"fmt"
)

// What an error of this package is about; test with [errors.Is]. A name that
// is not in a group gives fs.ErrNotExist.
var (
	// ErrNotHDF5 says that the data does not begin with the HDF5 signature.
	ErrNotHDF5 = errors.New("not an HDF5 file")
	// ErrUnsupported says that the file uses a feature outside the subset
	// that this package reads.
	ErrUnsupported = errors.New("unsupported HDF5 feature")
	// ErrCorrupt says that the file contradicts itself or the format.
	ErrCorrupt = errors.New("corrupt HDF5 file")
	// ErrLimit says that reading would exceed the limit of [WithLimit], the
	// address space, or the deepest nesting of groups.
	ErrLimit = errors.New("HDF5 size limit exceeded")
	// ErrType says that a name is a group where a dataset was asked for or
	// the other way round, or that a dataset's elements cannot be read as the
	// type asked for.
	ErrType = errors.New("wrong HDF5 type")
)

// fault is an error at a byte of the file. The path of the object is put in
// front of it where it leaves the package.
type fault struct {
	kind error
	at   uint64
	msg  string
}

func (e *fault) Error() string {
	if e.at == undefined {
		return fmt.Sprintf("%v: %s", e.kind, e.msg)
	}
	return fmt.Sprintf("%v: byte %d: %s", e.kind, e.at, e.msg)
}

func (e *fault) Unwrap() error { return e.kind }

func corrupt(at uint64, format string, args ...any) error {
	return &fault{ErrCorrupt, at, fmt.Sprintf(format, args...)}
}

func unsupported(at uint64, format string, args ...any) error {
	return &fault{ErrUnsupported, at, fmt.Sprintf(format, args...)}
}

// objectError says which object an error is about.
type objectError struct {
	path string
	err  error
}

func (e *objectError) Error() string { return "hdf5: " + e.path + ": " + e.err.Error() }
func (e *objectError) Unwrap() error { return e.err }

// inObject names the object that err is about, unless err names one already.
func inObject(path string, err error) error {
	var named *objectError
	if errors.As(err, &named) {
		return err
	}
	return &objectError{path, err}
}
