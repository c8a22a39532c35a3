//go:build board

package main

import (
	"fmt"
	"io"
	"time"
)

// countBar counts on one line of a terminal: the library that draws bars in the
// full build links net/http and TLS, 1.4 MB.
type countBar struct {
	out   io.Writer
	what  string
	total int
	shown time.Time
}

// silentBar returns a bar that shows nothing.
func silentBar() bar { return &countBar{out: io.Discard} }

// newBar returns a bar that counts to total.
func newBar(w io.Writer, total int64) bar { return &countBar{out: w, total: int(total)} }

func (b *countBar) ChangeMax(total int)  { b.total = total }
func (b *countBar) Describe(what string) { b.what = what }

func (b *countBar) Set(done int) error {
	const between = 100 * time.Millisecond
	if now := time.Now(); now.Sub(b.shown) >= between {
		b.shown = now
		_, err := fmt.Fprintf(b.out, "\r\033[K%s %d/%d", b.what, done, b.total)
		return err
	}
	return nil
}

func (b *countBar) Clear() error {
	_, err := io.WriteString(b.out, "\r\033[K")
	return err
}
