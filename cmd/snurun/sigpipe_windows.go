package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

func catchSIGPIPE() {}

// closedPipe reports whether err is that of a write to a pipe whose reader is
// gone, or is just going.
func closedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
