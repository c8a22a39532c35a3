package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// bar shows how far something is.
type bar interface {
	Set(done int) error
	ChangeMax(total int)
	Describe(what string)
	Clear() error
}
