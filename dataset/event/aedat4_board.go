//go:build board

package event

import "errors"

// zstdDecoder takes the place of what unpacks zstd: cameras on a board send LZ4
// or nothing packed.
type zstdDecoder struct{}

func (*zstdDecoder) unpack(_, _ []byte) ([]byte, error) {
	return nil, errors.New("packed with zstd, which a build for boards leaves out: record with LZ4, or use the full build")
}
