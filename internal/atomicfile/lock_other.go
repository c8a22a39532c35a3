//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package atomicfile

import (
	"errors"
	"os"
)

func lock(*os.File) (release func(), err error) { return nil, errors.ErrUnsupported }
