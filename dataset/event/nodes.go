package event

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An xmlNode is a node of the list of streams.
type xmlNode struct {
	name  string
	nodes []*xmlNode
	attrs map[string]string
}

// maxNodes bounds how deep elements lie in each other.
const maxNodes = 32

// readNodes parses the list of streams of AEDAT 4: an element of <node name=""> in each
// other, with <attr key="">value</attr> in them. Any other element is passed over. This
// is the XML that cameras write; encoding/xml would be a hundredth of a board's binary.
func readNodes(text []byte) (*xmlNode, error) {
	var open []string    // elements
	var path []*xmlNode  // nodes
	var skip, inAttr int // depth of what is passed over, and of an attr; 0 for none
	key := ""
	value := func(text string) {
		if inAttr > 0 && skip == 0 {
			path[len(path)-1].attrs[key] += text
		}
	}
	for {
		before, rest, found := bytes.Cut(text, []byte("<"))
		if !found {
			return nil, fmt.Errorf("XML ends in %d elements, expected the end of the first", len(open))
		}
		plain, err := unescaped(before)
		if err != nil {
			return nil, err
		}
		value(plain)
		if behind, other, err := noElement(rest); err != nil {
			return nil, err
		} else if other {
			if data, ok := bytes.CutPrefix(rest, []byte("![CDATA[")); ok {
				value(string(data[:len(data)-len(behind)-len("]]>")]))
			}
			text = behind
			continue
		}
		t, behind, err := readTag(rest)
		if err != nil {
			return nil, err
		}
		text = behind
		if !t.end {
			if len(open) == maxNodes {
				return nil, fmt.Errorf("elements lie in each other %d deep, expected at most %d", len(open)+1, maxNodes)
			}
			open = append(open, t.name)
			switch {
			case skip > 0:
			case len(path) == 0 || t.name == "node" && inAttr == 0:
				n := &xmlNode{name: t.attrs["name"], attrs: map[string]string{}}
				if len(path) > 0 {
					last := path[len(path)-1]
					last.nodes = append(last.nodes, n)
				}
				path = append(path, n)
			case t.name == "attr" && inAttr == 0:
				key, inAttr = t.attrs["key"], len(open)
				path[len(path)-1].attrs[key] = ""
			default:
				skip = len(open)
			}
		}
		if !t.end && !t.empty {
			continue
		}
		depth := len(open)
		if depth == 0 || open[depth-1] != t.name {
			return nil, fmt.Errorf("XML has an end of %.40q, expected that of an element that is open", t.name)
		}
		open = open[:depth-1]
		switch {
		case skip > 0:
			if skip == depth {
				skip = 0
			}
		case inAttr > 0:
			inAttr = 0
		case len(path) == 1:
			return path[0], nil
		default:
			path = path[:len(path)-1]
		}
	}
}

// noElement returns what follows a comment, a declaration, an instruction or character
// data, of which text is what stands behind its '<'; false for an element.
func noElement(text []byte) (behind []byte, ok bool, err error) {
	for _, kind := range []struct{ from, to string }{{"!--", "-->"}, {"![CDATA[", "]]>"}, {"!", ">"}, {"?", "?>"}} {
		if rest, is := bytes.CutPrefix(text, []byte(kind.from)); is {
			_, behind, found := bytes.Cut(rest, []byte(kind.to))
			if !found {
				return nil, false, fmt.Errorf("XML has no %q behind \"<%s\"", kind.to, kind.from)
			}
			return behind, true, nil
		}
	}
	return nil, false, nil
}

// A tag is the beginning or the end of an element, or both.
type tag struct {
	name       string
	attrs      map[string]string
	end, empty bool
}

// readTag reads a tag, of which text is what stands behind its '<'.
func readTag(text []byte) (t tag, behind []byte, err error) {
	text, t.end = bytes.CutPrefix(text, []byte("/"))
	t.name, text = nameOf(text)
	t.attrs = map[string]string{}
	for t.name != "" {
		text = bytes.TrimLeft(text, blanks)
		if behind, ok := bytes.CutPrefix(text, []byte(">")); ok {
			return t, behind, nil
		}
		if behind, ok := bytes.CutPrefix(text, []byte("/>")); ok && !t.end {
			t.empty = true
			return t, behind, nil
		}
		key, rest := nameOf(text)
		rest, equals := bytes.CutPrefix(bytes.TrimLeft(rest, blanks), []byte("="))
		rest = bytes.TrimLeft(rest, blanks)
		if key == "" || t.end || !equals || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			break
		}
		value, behind, closed := bytes.Cut(rest[1:], rest[:1])
		if !closed {
			break
		}
		if t.attrs[key], err = unescaped(value); err != nil {
			return t, nil, err
		}
		text = behind
	}
	return t, nil, fmt.Errorf("XML has %.40q, expected an element, its attributes key=\"value\" and '>'", text)
}

const blanks = " \t\r\n"

// nameOf returns the name that text begins with, "" if it does with none, and what
// follows.
func nameOf(text []byte) (name string, behind []byte) {
	n := bytes.IndexAny(text, blanks+"<>/=\"'&")
	if n < 0 {
		n = len(text)
	}
	return string(text[:n]), text[n:]
}

// entities are the characters that XML writes by name.
var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"}

// unescaped returns text with its entities as what they stand for.
func unescaped(text []byte) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := bytes.Cut(text, []byte("&"))
		b.Write(before)
		if !found {
			return b.String(), nil
		}
		name, behind, found := bytes.Cut(rest, []byte(";"))
		character, known := entities[string(name)]
		if code, ok := bytes.CutPrefix(name, []byte("#")); ok {
			base := 10
			if hex, ok := bytes.CutPrefix(code, []byte("x")); ok {
				code, base = hex, 16
			}
			n, err := strconv.ParseUint(string(code), base, 21)
			character, known = string(rune(n)), err == nil && utf8.ValidRune(rune(n))
		}
		if !found || !known {
			return "", fmt.Errorf("XML has %.20q, expected an entity such as &amp;", text[len(before):])
		}
		b.WriteString(character)
		text = behind
	}
}

func (n *xmlNode) attr(key string) string { return strings.TrimSpace(n.attrs[key]) }
