package stream

import (
	"fmt"
	"strconv"
)

// nextField returns the first of the fields of b, which blanks and commas
// separate, and what follows it. The field is empty if there is none.
func nextField(b []byte) (field, rest []byte) {
	i := 0
	for i < len(b) && isSeparator(b[i]) {
		i++
	}
	j := i
	for j < len(b) && !isSeparator(b[j]) {
		j++
	}
	return b[i:j], b[j:]
}

func isSeparator(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' }

// appendChannels appends the channel numbers in b, each below channels.
func appendChannels(dst []uint32, b []byte, channels int) ([]uint32, error) {
	for {
		var field []byte
		if field, b = nextField(b); len(field) == 0 {
			return dst, nil
		}
		v, ok := parseUint(field, uint64(channels-1))
		if !ok {
			return dst, fmt.Errorf("%.20q is no channel, expected 0 to %d", field, channels-1)
		}
		dst = append(dst, uint32(v))
	}
}

// once tells channels that are named twice in a step.
type once struct{ seen []uint64 }

// newOnce returns a once for channels that may not, or nil if they may.
func newOnce(channels int, counts bool) *once {
	if counts {
		return nil
	}
	return &once{make([]uint64, (channels+63)/64)}
}

// check returns an error if a channel is named twice.
func (o *once) check(channels []uint32) (err error) {
	if o == nil {
		return nil
	}
	n := 0
	for ; n < len(channels); n++ {
		word, bit := channels[n]/64, uint64(1)<<(channels[n]%64)
		if o.seen[word]&bit != 0 {
			err = fmt.Errorf("channel %d is named twice, expected the numbers of the channels that spike, each once: a row of 0s and 1s is none", channels[n])
			break
		}
		o.seen[word] |= bit
	}
	for _, c := range channels[:n] {
		o.seen[c/64] = 0
	}
	return err
}

// appendValues appends the numbers in b, which must fit a finite float32.
func appendValues(dst []float32, b []byte, channels int) ([]float32, error) {
	for {
		var field []byte
		if field, b = nextField(b); len(field) == 0 {
			break
		}
		v, err := strconv.ParseFloat(string(field), 32)
		if err != nil || v-v != 0 {
			return dst, fmt.Errorf("%.20q is no value, expected a finite number", field)
		}
		dst = append(dst, float32(v))
	}
	if len(dst) != channels {
		return dst, fmt.Errorf("%d values, expected %d, one a channel", len(dst), channels)
	}
	return dst, nil
}

// parseUint parses a decimal number of up to limit.
func parseUint(b []byte, limit uint64) (v uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || v > limit/10 {
			return 0, false
		}
		v = 10*v + uint64(c-'0') // limit is far from overflow
	}
	return v, len(b) > 0 && v <= limit
}
