//go:build !unix && !windows

package main

import (
	"errors"
	"syscall"
)

func catchSIGPIPE() {}

func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
