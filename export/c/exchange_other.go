//go:build !linux

package c

import "errors"

// exchange gives two files each the name of the other, in one step, where the system
// can.
func exchange(string, string) error { return errors.ErrUnsupported }
