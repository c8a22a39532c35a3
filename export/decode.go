package export

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/snurun/snurun/model"
)

// decoder reads MessagePack values from a file in memory. It looks at the code
// of each value before it lets msgpack decode it, because msgpack takes nil
// for any type, a string for binary, a negative number for an unsigned one and
// an extension before a map.
type decoder struct {
	data []byte
	r    *bytes.Reader // over data; msgpack does not buffer it
	mp   *msgpack.Decoder
	path []byte // of the value being decoded, such as layers[2].weight

	version int // of the file
}

func newDecoder(data []byte) *decoder {
	r := bytes.NewReader(data)
	return &decoder{data: data, r: r, mp: msgpack.NewDecoder(r)}
}

// truncate makes the decoder end at byte end, which it has not yet passed.
func (d *decoder) truncate(end int) {
	at := d.offset()
	d.data = d.data[:end]
	d.r.Reset(d.data)
	d.take(at)
}

func (d *decoder) offset() int { return len(d.data) - d.r.Len() }

// errorf returns an error of a kind that names the path and the offset.
func (d *decoder) errorf(kind error, at int, format string, args ...any) error {
	where := ""
	if len(d.path) > 0 {
		where = string(d.path) + " "
	}
	return fmt.Errorf("%w: %sat byte %d: %s", kind, where, at, fmt.Sprintf(format, args...))
}

// The classes of MessagePack values, as errors call them.
const (
	classNil     = "nil"
	classBool    = "a bool"
	classInteger = "an integer"
	classFloat   = "a float"
	classString  = "a string"
	classBinary  = "binary data"
	classArray   = "an array"
	classMap     = "a map"
	classExt     = "an extension"
	classUnused  = "the unused code 0xc1"
)

func classOf(code byte) string {
	switch {
	case msgpcode.IsFixedNum(code) || code >= msgpcode.Uint8 && code <= msgpcode.Int64:
		return classInteger
	case msgpcode.IsString(code):
		return classString
	case msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32:
		return classMap
	case msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32:
		return classArray
	case msgpcode.IsBin(code):
		return classBinary
	case code == msgpcode.Float || code == msgpcode.Double:
		return classFloat
	case code == msgpcode.False || code == msgpcode.True:
		return classBool
	case msgpcode.IsExt(code):
		return classExt
	case code == msgpcode.Nil:
		return classNil
	}
	return classUnused
}

// peek returns the code of the next value without reading it.
func (d *decoder) peek() (byte, error) {
	code, err := d.mp.PeekCode()
	if err != nil {
		return 0, d.errorf(ErrCorrupt, d.offset(), "the file ends, expected a value")
	}
	return code, nil
}

// expect is peek for a value that must be of one of the classes.
func (d *decoder) expect(classes ...string) (byte, error) {
	code, err := d.peek()
	if err != nil {
		return 0, err
	}
	if found := classOf(code); !slices.Contains(classes, found) {
		return 0, d.errorf(ErrCorrupt, d.offset(), "found %s, expected %s", found, strings.Join(classes, " or "))
	}
	return code, nil
}

// cut returns the error of a value of a class that the file ends within.
func (d *decoder) cut(at int, class string) error {
	return d.errorf(ErrCorrupt, at, "the file ends within %s", class)
}

// length reads the header of a string, binary, array or map. It refuses a
// length over most and one for which there are not as many bytes left as its
// elements, of at least width bytes each, must take.
func (d *decoder) length(class string, width, most uint64) (int, error) {
	at := d.offset()
	if _, err := d.expect(class); err != nil {
		return 0, err
	}
	read := d.mp.DecodeBytesLen
	switch class {
	case classArray:
		read = d.mp.DecodeArrayLen
	case classMap:
		read = d.mp.DecodeMapLen
	}
	n, err := read()
	if err != nil {
		return 0, d.cut(at, class)
	}
	count := uint64(uint32(n)) // where int has 32 bits, n may have become negative
	if left := uint64(d.r.Len()); count*width > left {
		return 0, d.errorf(ErrCorrupt, at, "found %s of length %d, but only %d bytes are left", class, count, left)
	}
	if count > most {
		return 0, d.errorf(ErrLimit, at, "found %s of length %d, at most %d are allowed", class, count, most)
	}
	return int(count), nil
}

// take returns the next n bytes, which must be there, without a copy.
func (d *decoder) take(n int) []byte {
	at := d.offset()
	d.r.Seek(int64(n), io.SeekCurrent) // fails only for a negative position
	return d.data[at : at+n]
}

// binary reads binary data, without a copy.
func (d *decoder) binary() ([]byte, error) {
	n, err := d.length(classBinary, 1, maxInt)
	if err != nil {
		return nil, err
	}
	return d.take(n), nil
}

// text reads a string of at most maxText bytes.
func (d *decoder) text() (string, error) { return d.str(maxText, badText) }

// name reads a string of at most maxName bytes without control characters.
func (d *decoder) name() (string, error) { return d.str(maxName, badName) }

func (d *decoder) str(most uint64, bad func(string) string) (string, error) {
	at := d.offset()
	n, err := d.length(classString, 1, most)
	if err != nil {
		return "", err
	}
	s := string(d.take(n))
	if found := bad(s); found != "" {
		return "", d.errorf(ErrCorrupt, at, "found %s", found)
	}
	return s, nil
}

// word reads a name into a string type of package model.
func word[T ~string](d *decoder) (T, error) {
	s, err := d.name()
	return T(s), err
}

func (d *decoder) boolean() (bool, error) {
	if _, err := d.expect(classBool); err != nil {
		return false, err
	}
	return d.mp.DecodeBool()
}

// integer reads an integer from low to high.
func (d *decoder) integer(low, high int64) (int64, error) {
	at := d.offset()
	code, err := d.expect(classInteger)
	if err != nil {
		return 0, err
	}
	n, err := d.mp.DecodeInt64()
	if err != nil {
		return 0, d.cut(at, classInteger)
	}
	if code == msgpcode.Uint64 && n < 0 {
		return 0, d.errorf(ErrCorrupt, at, "found %d, expected %d to %d", uint64(n), low, high)
	}
	if n < low || n > high {
		return 0, d.errorf(ErrCorrupt, at, "found %d, expected %d to %d", n, low, high)
	}
	return n, nil
}

// count reads an integer that fits an int on every machine.
func (d *decoder) count() (int, error) {
	n, err := d.integer(0, maxInt)
	return int(n), err
}

// number reads a finite real number: a float, or an integer that stands for
// one, since some languages write 1.0 as 1.
func (d *decoder) number() (float64, error) {
	at := d.offset()
	code, err := d.expect(classFloat, classInteger)
	if err != nil {
		return 0, err
	}
	if classOf(code) == classInteger {
		n, err := d.integer(-maxWholeReal, maxWholeReal)
		return float64(n), err
	}
	x, err := d.mp.DecodeFloat64()
	if err != nil {
		return 0, d.cut(at, classFloat)
	}
	if x-x != 0 {
		return 0, d.errorf(model.ErrInvalid, at, "found %v, expected a finite number", x)
	}
	return x, nil
}

// float32 reads a number and rounds it to the nearest float32.
func (d *decoder) float32() (float32, error) {
	at := d.offset()
	x, err := d.number()
	if err != nil {
		return 0, err
	}
	f := float32(x)
	if f-f != 0 {
		return 0, d.errorf(model.ErrInvalid, at, "found %v, expected a number within the range of float32", x)
	}
	return f, nil
}

// array reads an array of at most most elements; element decodes the i-th.
func (d *decoder) array(most int, element func(i int) error) error {
	n, err := d.length(classArray, 1, uint64(most))
	if err != nil {
		return err
	}
	outer := len(d.path)
	for i := range n {
		d.path = fmt.Appendf(d.path[:outer], "[%d]", i)
		if err := element(i); err != nil {
			return err
		}
	}
	d.path = d.path[:outer]
	return nil
}

// integers reads an array of at most most integers that are low or more and fit
// an int on every machine.
func (d *decoder) integers(most int, low int64) ([]int, error) {
	var p []int
	err := d.array(most, func(int) error {
		n, err := d.integer(low, maxInt)
		p = append(p, int(n))
		return err
	})
	return p, err
}

// pair reads an array of two integers that are low or more.
func (d *decoder) pair(low int64) ([2]int, error) {
	at := d.offset()
	p, err := d.integers(maxRank, low)
	if err != nil {
		return [2]int{}, err
	}
	if len(p) != 2 {
		return [2]int{}, d.errorf(ErrCorrupt, at, "found an array of length %d, expected 2: [height, width]", len(p))
	}
	return [2]int(p), nil
}

// object is a map with string keys that was read.
type object struct {
	d    *decoder
	at   int // where it begins
	keys []keyAt
}

// keyAt is a key and where its value begins.
type keyAt struct {
	key string
	at  int
}

// object reads a map of at most most keys; field decodes the value of a key,
// and skips that of a key which it does not know.
func (d *decoder) object(most int, field func(key string) error) (object, error) {
	o := object{d: d, at: d.offset()}
	n, err := d.length(classMap, 2, uint64(most))
	if err != nil {
		return o, err
	}
	return o, o.read(n, field)
}

// read reads the next n keys and values of the map.
func (o *object) read(n int, field func(key string) error) error {
	d := o.d
	outer := len(d.path)
	for range n {
		at := d.offset()
		key, err := d.name()
		if err != nil {
			return err
		}
		d.path = appendKey(d.path, key)
		if o.has(key) {
			return d.errorf(ErrCorrupt, at, "the key occurs twice")
		}
		o.keys = append(o.keys, keyAt{key, d.offset()})
		if err := field(key); err != nil {
			return err
		}
		d.path = d.path[:outer]
	}
	return nil
}

func (o *object) find(key string) int {
	return slices.IndexFunc(o.keys, func(k keyAt) bool { return k.key == key })
}

func (o *object) has(key string) bool { return o.find(key) >= 0 }

// require returns an error if one of the keys was missing.
func (o *object) require(keys ...string) error {
	for _, key := range keys {
		if !o.has(key) {
			return o.d.errorf(ErrCorrupt, o.at, "the key %s is missing", key)
		}
	}
	return nil
}

// errorf returns an error of a kind about the value of a key that was read.
func (o *object) errorf(kind error, key, format string, args ...any) error {
	outer := len(o.d.path)
	o.d.path = appendKey(o.d.path, key)
	err := o.d.errorf(kind, o.keys[o.find(key)].at, format, args...)
	o.d.path = o.d.path[:outer]
	return err
}

// appendKey appends a key to a path. Keys that are not of this format are
// quoted and shortened: they may be long and hold dots.
func appendKey(path []byte, key string) []byte {
	const shown = 32
	plain := key != "" && len(key) <= shown
	for _, c := range key {
		plain = plain && (c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z')
	}
	switch {
	case plain && len(path) == 0:
		return append(path, key...)
	case plain:
		return append(append(path, '.'), key...)
	}
	path = append(path, '[')
	path = strconv.AppendQuoteToASCII(path, key[:min(len(key), shown)])
	return append(path, ']')
}

// skip reads a value of any type and forgets it. depth is the number of maps
// and arrays that it lies in.
func (d *decoder) skip(depth int) error {
	at := d.offset()
	code, err := d.peek()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return d.errorf(ErrLimit, at, "maps and arrays are nested more than %d deep", maxDepth)
	}
	switch class := classOf(code); class {
	case classString, classBinary:
		n, err := d.length(class, 1, maxInt)
		if err != nil {
			return err
		}
		d.take(n)
		return nil
	case classArray:
		n, err := d.length(class, 1, maxInt)
		return d.skipAll(n, depth+1, err)
	case classMap:
		n, err := d.length(class, 2, maxInt)
		return d.skipAll(2*n, depth+1, err)
	case classExt:
		return d.skipExtension()
	case classUnused:
		return d.errorf(ErrCorrupt, at, "found %s, expected a value", class)
	default: // at most nine bytes
		if err := d.mp.Skip(); err != nil {
			return d.cut(at, class)
		}
		return nil
	}
}

func (d *decoder) skipAll(n, depth int, err error) error {
	for ; n > 0 && err == nil; n-- {
		err = d.skip(depth)
	}
	return err
}

func (d *decoder) skipExtension() error {
	at := d.offset()
	_, n, err := d.mp.DecodeExtHeader()
	if err != nil {
		return d.cut(at, classExt)
	}
	if left := d.r.Len(); uint64(uint32(n)) > uint64(left) {
		return d.errorf(ErrCorrupt, at, "found %s of length %d, but only %d bytes are left", classExt, uint32(n), left)
	}
	d.take(n)
	return nil
}
