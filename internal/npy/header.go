package npy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// header is the dictionary at the start of a .npy file.
type header struct {
	typ     Type
	big     bool // big-endian
	fortran bool // the first dimension is the fastest
	shape   []int
	fields  []field // of an array of records; typ is "" then
}

// field is one part of a record.
type field struct {
	name string
	typ  Type
	big  bool
	pad  int // bytes that mean nothing, instead of a number
}

// size returns the bytes of the field.
func (f *field) size() int {
	if f.pad > 0 {
		return f.pad
	}
	return f.typ.size()
}

// stride returns the bytes of one element.
func (h *header) stride() int {
	if h.fields == nil {
		return h.typ.size()
	}
	n := 0
	for i := range h.fields {
		n += h.fields[i].size()
	}
	return n
}

// parseHeader reads a Python literal such as
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// with exactly these keys, in any order. Offsets in errors are from its start.
func parseHeader(text string) (h header, err error) {
	p := parser{text: text}
	p.expect("{")
	var descr string
	var seen []string
	for p.err == nil && !p.accept("}") {
		key := p.str()
		if slices.Contains(seen, key) {
			p.fail("key %q a second time", key)
		}
		seen = append(seen, key)
		p.expect(":")
		switch key {
		case "descr":
			if p.accept("[") {
				h.fields = p.records()
			} else {
				descr = p.str()
			}
		case "fortran_order":
			h.fortran = p.boolean()
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail("key %q, expected descr, fortran_order and shape", key)
		}
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	p.end()
	if p.err == nil && len(seen) != 3 {
		p.fail("keys %q, expected descr, fortran_order and shape", seen)
	}
	if p.err != nil {
		return header{}, p.err
	}
	if h.fields != nil {
		return h, nil
	}
	h.typ, h.big, err = parseType(descr)
	return h, err
}

// parseType reads a type with its byte order.
func parseType(descr string) (t Type, big bool, err error) {
	order, name := descr[:min(1, len(descr))], descr[min(1, len(descr)):]
	t, big = Type(name), order == ">"
	if !strings.Contains("<>|", order) || !slices.Contains(types, t) || order == "|" && t.size() > 1 {
		return t, big, fmt.Errorf("descr is %q, expected <, > or | and one of %v", descr, types)
	}
	return t, big, nil
}

// Bounds of the fields of a record, and of what lies between two.
const (
	maxFields  = 64
	maxPadding = 1 << 12
)

// records reads the fields of a record, ('t', '<i8'), ('x', '<i2')], behind the
// first bracket.
func (p *parser) records() []field {
	fields, numbers := []field{}, 0
	for p.err == nil && !p.accept("]") {
		p.expect("(")
		f := field{name: p.str()}
		p.expect(",")
		descr := p.str()
		if p.accept(",") && !p.accept(")") {
			p.fail("field %q is an array, expected a number", f.name)
		} else if p.err == nil && p.text[p.at-1] != ')' {
			p.expect(")")
		}
		if size, ok := strings.CutPrefix(descr, "|V"); ok && f.name == "" && p.err == nil {
			// What aligns the next field.
			n, err := strconv.Atoi(size)
			if f.pad = n; err != nil || n < 1 || n > maxPadding {
				p.fail("padding %q, expected |V1 to |V%d", descr, maxPadding)
			}
		} else if p.err == nil {
			numbers++
			var err error
			if f.typ, f.big, err = parseType(descr); err != nil {
				p.fail("field %q: %v", f.name, err)
			}
		}
		if fields = append(fields, f); len(fields) > maxFields {
			p.fail("more than %d fields", maxFields)
		}
		if !p.accept(",") {
			p.expect("]")
			break
		}
	}
	if numbers == 0 {
		p.fail("a record without fields")
	}
	return fields
}

// parser walks over a Python literal and keeps its first error.
type parser struct {
	text string
	at   int
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("header at character %d: %s", p.at, fmt.Sprintf(format, args...))
	}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// accept skips white space and token, if token is there.
func (p *parser) accept(token string) bool {
	p.space()
	if p.err != nil || !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

func (p *parser) expect(token string) {
	if !p.accept(token) {
		p.fail("found %q, expected %q", p.next(), token)
	}
}

// next returns a few characters for an error.
func (p *parser) next() string { return p.text[p.at:min(p.at+8, len(p.text))] }

// str reads a quoted string without escapes.
func (p *parser) str() string {
	for _, quote := range []string{"'", `"`} {
		if p.accept(quote) {
			if s, _, closed := strings.Cut(p.text[p.at:], quote); closed {
				p.at += len(s) + 1
				return s
			}
		}
	}
	p.fail("found %q, expected a string", p.next())
	return ""
}

func (p *parser) boolean() bool {
	if p.accept("True") {
		return true
	}
	if !p.accept("False") {
		p.fail("found %q, expected True or False", p.next())
	}
	return false
}

// tuple reads a tuple of integers.
func (p *parser) tuple() []int {
	p.expect("(")
	shape := []int{}
	for p.err == nil && !p.accept(")") {
		shape = append(shape, p.integer())
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return shape
}

func (p *parser) integer() int {
	p.space()
	end := p.at
	for end < len(p.text) && p.text[end] >= '0' && p.text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(p.text[p.at:end], 10, 32)
	if err != nil {
		p.fail("found %q, expected a dimension of at most %d", p.next(), maxBytes)
	}
	p.at = end
	if p.err == nil && strings.HasPrefix(p.text[end:], "L") { // Python 2's long integers
		p.at++
	}
	return int(n)
}

// end expects nothing but white space.
func (p *parser) end() {
	p.space()
	if p.at < len(p.text) {
		p.fail("found %q, expected the end", p.next())
	}
}
