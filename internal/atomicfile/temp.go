package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Temporary files are named prefix, 26 random digits, suffix.
const (
	prefix = ".snurun-"
	suffix = ".tmp"
)

// digits returns 104 random bits, so that no two files have the same. They need not
// be secret: a file is never opened that is there.
func digits() string { return fmt.Sprintf("%013x%013x", rand.Uint64()>>12, rand.Uint64()>>12) }

// errLocked is the error of lock for a file that is locked already.
var errLocked = errors.New("the file is locked")

// create creates a temporary file in dir, locked until release is called.
// Where files cannot be locked, it is not, and none is taken for stale.
func create(dir string, mode fs.FileMode) (f *os.File, release func(), err error) {
	for {
		f, err := os.OpenFile(filepath.Join(dir, prefix+digits()+suffix), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return nil, nil, err
		}
		release, err := lock(f)
		switch {
		case err == nil && named(f):
			return f, release, nil
		case err == nil: // removed before it was locked
			release()
		case !errors.Is(err, errLocked):
			return f, func() {}, nil
		}
		f.Close()
	}
}

// named reports whether f still has its name.
func named(f *os.File) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(own, now)
}

// removeStale removes the temporary files in dir that nobody writes any more.
// What cannot be removed stays.
func removeStale(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !isTemporary(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if release, err := lock(f); err == nil {
			os.Remove(f.Name()) // fails if it has got its final name meanwhile
			release()
		}
		f.Close()
	}
}

func isTemporary(name string) bool {
	text, ok := strings.CutPrefix(name, prefix)
	text, end := strings.CutSuffix(text, suffix)
	return ok && end && len(text) == len(digits())
}
