package c

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange gives two files each the name of the other, in one step. File systems that
// cannot say so by errors.ErrUnsupported.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) { // how a file system says that it cannot
		return errors.ErrUnsupported
	}
	return err
}
