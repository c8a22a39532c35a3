//go:build !unix

package main

// watchSignals does nothing: there are no such signals here.
func watchSignals(reload, status func()) (stop func()) { return func() {} }
