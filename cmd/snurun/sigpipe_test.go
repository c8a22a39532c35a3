//go:build !board

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
)

// TestClosedPipeError writes to a pipe that nobody reads any more.
func TestClosedPipeError(t *testing.T) {
	catchSIGPIPE()
	r, w, err := os.Pipe()
	if err != nil {
		t.Skipf("this system has no pipes: %v", err)
	}
	defer w.Close()
	r.Close()
	_, err = io.WriteString(w, "x")
	if err == nil || !closedPipe(fmt.Errorf("wrapped: %w", err)) {
		t.Errorf("%v is not taken for a closed pipe", err)
	}
	for _, err := range []error{nil, io.ErrClosedPipe, os.ErrClosed, errors.New("another")} {
		if closedPipe(err) {
			t.Errorf("%v is taken for a closed pipe", err)
		}
	}
}
