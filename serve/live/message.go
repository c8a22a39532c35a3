package live

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrMessage is the error of a message that is not of the form that package live
// describes.
var ErrMessage = errors.New("malformed message")

// Pack returns the message of a head and a payload.
func Pack(head any, payload []byte) ([]byte, error) {
	h, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	m := make([]byte, 4, align(4+len(h))+len(payload))
	binary.LittleEndian.PutUint32(m, uint32(len(h)))
	m = append(m, h...)
	return append(m[:align(len(m))], payload...), nil
}

// Unpack decodes the head of a message into head and returns its payload, which
// shares memory with the message.
func Unpack(message []byte, head any) (payload []byte, err error) {
	if len(message) < 4 {
		return nil, fmt.Errorf("live: %w: expected 4 bytes with the length of the head, found %d", ErrMessage, len(message))
	}
	n := binary.LittleEndian.Uint32(message)
	if uint64(n) > uint64(len(message)-4) {
		return nil, fmt.Errorf("live: %w: expected a head of at most %d bytes, found the length %d", ErrMessage, len(message)-4, n)
	}
	if err := json.Unmarshal(message[4:4+n], head); err != nil {
		return nil, fmt.Errorf("live: %w: its head: %w", ErrMessage, err)
	}
	return message[min(align(4+int(n)), len(message)):], nil
}

// align rounds up to a multiple of 8, so that a browser can lay arrays of numbers
// over what follows.
func align(n int) int { return (n + 7) &^ 7 }
