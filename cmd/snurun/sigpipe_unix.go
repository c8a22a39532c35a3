//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// catchSIGPIPE makes a write to a closed pipe return an error, for closedPipe,
// instead of ending the program.
func catchSIGPIPE() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// closedPipe reports whether err is that of a write to a pipe whose reader is
// gone.
func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
