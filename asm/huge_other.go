//go:build !linux

package asm

import "unsafe"

// adviseHuge does nothing: huge pages are Linux's.
func adviseHuge(unsafe.Pointer, int) {}
