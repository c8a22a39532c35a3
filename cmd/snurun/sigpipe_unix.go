//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

func catchSIGPIPE() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
