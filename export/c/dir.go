package c

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteDir writes the files into a folder, whole or not at all: into one beside it
// that then takes its name. The folder must not be there or be empty, or else the
// error is an fs.ErrExist; with replace it may hold an export, and what make made of
// it, but nothing else.
func (s *Source) WriteDir(dir string, replace bool) (err error) {
	dir = filepath.Clean(dir)
	there, err := s.checkDir(dir, replace)
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".new-")
	if err != nil {
		return fmt.Errorf("%s: %w", dir, withoutPath(err))
	}
	defer os.RemoveAll(temporary)
	fresh, old := filepath.Join(temporary, "new"), filepath.Join(temporary, "old")
	for _, f := range s.Files {
		name := filepath.Join(fresh, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return fmt.Errorf("%s: %w", dir, withoutPath(err))
		}
		if err := writeSynced(name, f.Data); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, f.Name), withoutPath(err))
		}
	}
	if there {
		err = swap(fresh, dir, old)
	} else {
		err = os.Rename(fresh, dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, withoutPath(err))
	}
	return nil
}

// swap gives fresh the name of dir, which goes away with the temporary folder: at
// once where the system can exchange two names, else by way of old.
func swap(fresh, dir, old string) error {
	if err := exchange(fresh, dir); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return nil
}

func writeSynced(name string, data []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// checkDir reports whether dir is there, and returns an error if it must stay.
func (s *Source) checkDir(dir string, replace bool) (there bool, err error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.IsDir():
		return false, fmt.Errorf("%s: expected a folder, or none, found a file", dir)
	case dir == "." || filepath.Base(dir) == "..":
		return false, fmt.Errorf("%s: expected a folder of its own, which can be replaced as a whole", dir)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		own := slices.ContainsFunc(s.Files, func(f File) bool { return f.Name == name }) || slices.Contains(s.products(), name)
		switch {
		case own && replace:
			return nil
		case own:
			return fmt.Errorf("%s: %w, expected a new or an empty folder", path, fs.ErrExist)
		}
		return fmt.Errorf("%s: found a file that is none of an export, expected a new or an empty folder", path)
	})
	return true, err
}

// products lists what the Makefile of an export leaves in its folder.
func (s *Source) products() (names []string) {
	for _, f := range s.Files {
		base, ok := strings.CutSuffix(f.Name, ".c")
		if !ok {
			continue
		}
		names = append(names, base+".o")
		if !strings.HasSuffix(base, "_selftest") {
			names = append(names, base+"_test", base+".size.o", base+".size.su")
		}
	}
	return names
}

// withoutPath returns what went wrong with a temporary file without its name.
func withoutPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Names returns the names of the files.
func (s *Source) Names() string {
	var names []string
	for _, f := range s.Files {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
