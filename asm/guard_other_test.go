//go:build !linux

package asm

import "testing"

// guard stands in for the guard pages of Linux.
type guard struct{}

func (g *guard) reset() {}

func guarded[T uint32 | int32 | uint64 | float32](_ testing.TB, _ *guard, n, skip int) []T {
	return make([]T, n+skip)[:n:n]
}
