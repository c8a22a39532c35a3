//go:build !unix

package main

import "os"

// notifyReload does nothing where there is no SIGHUP.
func notifyReload(chan os.Signal) {}
