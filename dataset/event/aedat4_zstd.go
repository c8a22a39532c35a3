//go:build !board

package event

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// zstdMaxRatio is how many bytes one of zstd's may be unpacked to.
const zstdMaxRatio = 1 << 15

// zstdDecoder unpacks packets. It is made with the first.
type zstdDecoder struct{ decoder *zstd.Decoder }

// unpack appends what body holds to dst.
func (z *zstdDecoder) unpack(dst, body []byte) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(body); err != nil {
		return nil, err
	}
	if h.HasFCS && h.FrameContentSize/zstdMaxRatio > uint64(len(body)) {
		return nil, fmt.Errorf("%d bytes that announce %d", len(body), h.FrameContentSize)
	}
	if z.decoder == nil {
		var err error
		if z.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(aedat4MaxBytes)); err != nil {
			return nil, err
		}
	}
	return z.decoder.DecodeAll(body, dst)
}
