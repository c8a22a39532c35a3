package serve

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// scanner reads JSON that lies in memory. encoding/json takes longer for the numbers
// of an image than the network for its class; this takes a tenth of that. What it
// takes and what a number is are the same, which fuzzing holds.
type scanner struct {
	b []byte
	i int
}

// maxDepth bounds how deep arrays and objects nest.
const maxDepth = 64

func (s *scanner) errorf(format string, args ...any) error {
	return badRequest("byte %d: "+format, append([]any{s.i}, args...)...)
}

// found says what is at the next byte.
func (s *scanner) found() string {
	if s.i >= len(s.b) {
		return "the end"
	}
	r, _ := utf8.DecodeRune(s.b[s.i:])
	return strconv.QuoteRune(r)
}

// next passes over white space and returns the byte behind it, 0 at the end.
func (s *scanner) next() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// expect passes over white space and one byte.
func (s *scanner) expect(c byte) error {
	if s.next() != c || s.i >= len(s.b) {
		return s.errorf("expected %q, found %s", c, s.found())
	}
	s.i++
	return nil
}

// object calls field with each key of an object; field reads the value.
func (s *scanner) object(field func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.next() == '}' {
		s.i++
		return nil
	}
	for {
		if s.next() != '"' {
			return s.errorf("expected a key, found %s", s.found())
		}
		key, err := s.text()
		if err == nil {
			err = s.expect(':')
		}
		if err == nil {
			err = field(key)
		}
		if err != nil {
			return err
		}
		more, err := s.more('}')
		if !more {
			return err
		}
	}
}

// array calls item at each element of an array; item reads it.
func (s *scanner) array(item func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.next() == ']' {
		s.i++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		more, err := s.more(']')
		if !more {
			return err
		}
	}
}

// more passes over what follows an element: a comma, or the end.
func (s *scanner) more(end byte) (bool, error) {
	switch c := s.next(); {
	case s.i >= len(s.b):
	case c == ',':
		s.i++
		return true, nil
	case c == end:
		s.i++
		return false, nil
	}
	return false, s.errorf("expected ',' or %q, found %s", end, s.found())
}

// text reads a string.
func (s *scanner) text() (string, error) {
	raw, escaped, err := s.rawText()
	if err != nil {
		return "", err
	}
	if !escaped && utf8.Valid(raw) {
		return string(raw), nil
	}
	var text string
	if err := json.Unmarshal(s.b[s.i-len(raw)-2:s.i], &text); err != nil {
		return "", s.errorf("%w", err)
	}
	return text, nil
}

// rawText reads a string and returns what is between its quotes, and whether there
// are escapes in it.
func (s *scanner) rawText() (raw []byte, escaped bool, err error) {
	if err := s.expect('"'); err != nil {
		return nil, false, err
	}
	from := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[from : s.i-1], escaped, nil
		case c < ' ':
			return nil, false, s.errorf("expected no control character in a string, found %#02x", c)
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, false, err
			}
			escaped = true
		default:
			s.i++
		}
	}
	return nil, false, s.errorf("a string does not end")
}

// escape passes over an escape in a string.
func (s *scanner) escape() error {
	if s.i++; s.i < len(s.b) {
		switch s.b[s.i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			s.i++
			return nil
		case 'u':
			for range 4 {
				if s.i++; s.i >= len(s.b) || !isHex(s.b[s.i]) {
					return s.errorf("expected four hexadecimal digits behind \\u, found %s", s.found())
				}
			}
			s.i++
			return nil
		}
	}
	return s.errorf("expected an escape, found %s", s.found())
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isDigit(c byte) bool { return c-'0' < 10 }

// skip passes over a value of any kind.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.errorf("arrays and objects nest more than %d deep", maxDepth)
	}
	switch c := s.next(); {
	case c == '{':
		return s.object(func(string) error { return s.skip(depth + 1) })
	case c == '[':
		return s.array(func() error { return s.skip(depth + 1) })
	case c == '"':
		_, _, err := s.rawText()
		return err
	case c == '-' || isDigit(c):
		_, err := s.number()
		return err
	}
	_, err := s.word()
	return err
}

// word reads true, false or null.
func (s *scanner) word() (any, error) {
	s.next()
	for _, w := range []struct {
		text  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if len(s.b)-s.i >= len(w.text) && string(s.b[s.i:s.i+len(w.text)]) == w.text {
			s.i += len(w.text)
			return w.value, nil
		}
	}
	return nil, s.errorf("expected a value, found %s", s.found())
}

// number is a number of JSON: ±mantissa·10^exp exactly, unless it has more digits
// than fit.
type number struct {
	text     []byte
	mantissa uint64
	exp      int
	negative bool
	exact    bool // the mantissa holds all digits
}

// number reads a number.
func (s *scanner) number() (number, error) {
	s.next()
	from := s.i
	n := number{exact: true}
	if s.i < len(s.b) && s.b[s.i] == '-' {
		n.negative = true
		s.i++
	}
	digits := s.digits(&n)
	switch {
	case digits == 0:
		return n, s.errorf("expected a number, found %s", s.found())
	case digits > 1 && s.b[s.i-digits] == '0':
		s.i -= digits
		return n, s.errorf("expected a number without zeros in front")
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		after := s.digits(&n)
		if after == 0 {
			return n, s.errorf("expected digits behind the point, found %s", s.found())
		}
		n.exp = -after
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		minus := false
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			minus = s.b[s.i] == '-'
			s.i++
		}
		e := number{exact: true}
		if s.digits(&e) == 0 {
			return n, s.errorf("expected digits of an exponent, found %s", s.found())
		}
		if !e.exact || e.mantissa > 1<<20 {
			n.exact = false
		} else if minus {
			n.exp -= int(e.mantissa)
		} else {
			n.exp += int(e.mantissa)
		}
	}
	n.text = s.b[from:s.i]
	return n, nil
}

// digits reads digits into the mantissa and returns how many there were.
func (s *scanner) digits(n *number) int {
	from := s.i
	for s.i < len(s.b) {
		c := s.b[s.i] - '0'
		if c > 9 {
			break
		}
		if n.mantissa >= 1<<59 {
			n.exact = false
		} else {
			n.mantissa = 10*n.mantissa + uint64(c)
		}
		s.i++
	}
	return s.i - from
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float32 returns the float32 nearest to the number, of two the even one.
func (n *number) float32() (float32, bool) {
	// The quotient of two exact float64 is rounded once. To round it once more to
	// float32 is the same as rounding once, unless it lies just between two float32
	// as a float64, which the lower 29 bits say; or is no normal float32.
	const lower = 1<<29 - 1
	if n.exact && n.mantissa < 1<<53 && n.exp <= 0 && n.exp >= 1-len(powers) {
		v := float64(n.mantissa) / powers[-n.exp]
		if b := math.Float64bits(v); b&lower != 1<<28 && v >= 0x1p-126 && v < 0x1p127 || v == 0 {
			if n.negative {
				v = -v
			}
			return float32(v), true
		}
	}
	v, err := strconv.ParseFloat(string(n.text), 32)
	return float32(v), err == nil
}

// float64 returns the float64 nearest to the number.
func (n *number) float64() (float64, bool) {
	v, err := strconv.ParseFloat(string(n.text), 64)
	return v, err == nil
}

// int64 returns the number if it is whole and fits.
func (n *number) int64() (int64, bool) {
	if n.exact && n.exp == 0 && n.mantissa <= math.MaxInt64 {
		if n.negative {
			return -int64(n.mantissa), true
		}
		return int64(n.mantissa), true
	}
	if v, err := strconv.ParseInt(string(n.text), 10, 64); err == nil {
		return v, true
	}
	// 1200.0, as clients without whole numbers write it.
	v, ok := n.float64()
	return int64(v), ok && v == math.Trunc(v) && math.Abs(v) < 1<<53
}

// value reads a parameter: true, false, a number or a string.
func (s *scanner) value() (any, error) {
	switch c := s.next(); {
	case c == '"':
		return s.text()
	case c == '-' || isDigit(c):
		n, err := s.number()
		if err != nil {
			return nil, err
		}
		if n.exact && n.exp == 0 && !n.negative {
			return n.mantissa, nil
		}
		if v, err := strconv.ParseUint(string(n.text), 10, 64); err == nil {
			return v, nil
		}
		if v, ok := n.int64(); ok {
			return v, nil
		}
		v, ok := n.float64()
		if !ok {
			return nil, s.errorf("the number %s is out of range", short(string(n.text)))
		}
		return v, nil
	}
	return s.word()
}
