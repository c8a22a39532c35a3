// Package bounded reads data whose announced length is not to be trusted.
package bounded

import "io"

// firstChunk is what Read allocates before it has seen any data.
const firstChunk = 1 << 20

// Read reads n bytes from r. It allocates as data arrive, at most twice what
// has been read and never more than n, so that a short stream that announces a
// long one costs little. If r ends early it returns what there was with
// io.ErrUnexpectedEOF; other errors of r are passed on with what came before.
func Read(r io.Reader, n int) ([]byte, error) {
	buf := make([]byte, min(n, firstChunk))
	done := 0
	for {
		k, err := io.ReadFull(r, buf[done:])
		done += k
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil || done >= n {
			return buf[:done], err
		}
		size := n
		if done < n/2 {
			size = 2 * done
		}
		grown := make([]byte, size)
		copy(grown, buf)
		buf = grown
	}
}
