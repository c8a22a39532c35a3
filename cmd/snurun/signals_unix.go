//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// watchSignals calls reload at SIGHUP and status at SIGUSR1, on a goroutine of its
// own, until the function that it returns is called. A SIGHUP that is ignored, as
// under nohup, stays so.
func watchSignals(reload, status func()) (stop func()) {
	signals := []os.Signal{syscall.SIGUSR1}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, signals...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c:
				if s == syscall.SIGHUP {
					reload()
				} else {
					status()
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(c)
		close(done)
	}
}
