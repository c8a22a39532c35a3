// Package atomicfile writes files all or nothing.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the named file by what write writes: under a temporary name in
// the same directory, synced and renamed, so that after an error, a full disk
// or a power cut the old file is still there. A file that is replaced keeps its
// mode; through a symbolic link the file that it points to is replaced.
// Anything but a regular file is refused.
//
// A process that is killed while it writes leaves its temporary file behind.
// The next Write into the same directory removes it, where the system has locks
// that tell it from one that is still written (flock; not on Windows).
func Write(name string, write func(io.Writer) error) (err error) {
	mode, replaced := fs.FileMode(0o666), false
	switch fi, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file (%s)", name, fi.Mode())
	default:
		mode, replaced = fi.Mode().Perm(), true
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return err
		}
	}

	dir := filepath.Dir(name)
	removeStale(dir)
	f, release, err := create(dir, mode)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, withoutTemporary(err))
	}
	defer release() // when it has its final name
	defer func() {
		if err != nil {
			f.Close() // an error of its own would only hide the first
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", name, withoutTemporary(err))
		}
	}()
	if replaced { // the umask may have taken some of the mode away
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	syncDir(dir)
	return nil
}

// withoutTemporary returns what went wrong with a temporary file without its
// name, which tells a reader nothing.
func withoutTemporary(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		if isTemporary(filepath.Base(e.Path)) {
			return e.Err
		}
	case *os.LinkError:
		return e.Err
	}
	return err
}

// syncDir makes a rename in dir last through a power cut. Not every system can
// sync a directory, and the file itself is complete either way, so an error
// is no failure.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
