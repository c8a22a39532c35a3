package event

import (
	"bytes"
	"strconv"
	"strings"
)

// headerLines reads the lines at the head of the stream that begin with mark
// and calls each with their text, without the end of the line, until it returns
// true for the last one.
//
// A recording need not say where its header ends, and the first record may begin
// with the mark by chance, so a line also must consist of text: records hold
// control characters before long.
func (w *window) headerLines(format string, mark byte, each func(line string) (last bool)) error {
	for {
		b, err := w.peek(1)
		if err != nil {
			return err
		}
		if len(b) == 0 || b[0] != mark {
			return nil
		}
		n, err := w.textLine(format)
		if err != nil || n == 0 {
			return err
		}
		line := string(bytes.TrimRight(w.bytes()[:n], "\r\n"))
		w.advance(n)
		if each(line) {
			return nil
		}
	}
}

// textLine returns the length of the line of text that comes next, its newline
// included, or 0 if other bytes come first.
func (w *window) textLine(format string) (int, error) {
	for i := 0; ; i++ {
		b, err := w.peek(min(i+1, windowSize))
		if err != nil {
			return 0, err
		}
		if i >= len(b) {
			return 0, malformed(format, w.off, "header line of %d bytes or more, expected it to end in a newline within %d", len(b), windowSize)
		}
		switch c := b[i]; {
		case c == '\n':
			return i + 1, nil
		case c < ' ' && c != '\t' && c != '\r':
			return 0, nil
		}
	}
}

// A percentHeader is the header of Prophesee's files: lines of "% keyword value"
// that end at "% end" or before the first other byte.
// Specification: docs.prophesee.ai, Data, RAW and DAT file formats.
type percentHeader struct {
	size Size
	evt  string // encoding of a RAW file, "2.0", "2.1", "3.0", or "" if not stated
	big  bool   // big-endian words

	legacy bool   // words of EVT 2.1 with their halves exchanged
	dat    string // version of a DAT file, or "" if not stated
}

func (w *window) percentHeader(format string) (percentHeader, error) {
	var h percentHeader
	start := w.off
	err := w.headerLines(format, '%', func(line string) bool {
		h.add(line)
		return strings.TrimSpace(line[1:]) == "end"
	})
	if err == nil && h.size.check() != nil {
		err = malformed(format, start, "header with a %dx%d sensor, expected sides from 1 to %d", h.size.Width, h.size.Height, maxSide)
	}
	return h, err
}

// add takes in one line, "% keyword value".
func (h *percentHeader) add(line string) {
	key, value, _ := strings.Cut(strings.TrimSpace(line[1:]), " ")
	value = strings.TrimSpace(value)
	switch strings.ToLower(key) {
	case "evt":
		h.evt = value
	case "version":
		h.dat = value
	case "width":
		h.size.Width = side(value)
	case "height":
		h.size.Height = side(value)
	case "geometry": // 1280x720
		if width, height, ok := strings.Cut(value, "x"); ok {
			h.size = Size{side(width), side(height)}
		}
	case "format": // EVT3;height=720;width=1280
		for field := range strings.SplitSeq(value, ";") {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "width":
				h.size.Width = side(value)
			case "height":
				h.size.Height = side(value)
			case "endianness":
				h.big, h.legacy = value == "big", value == "legacy"
			case "EVT2":
				h.evt = "2.0"
			case "EVT21":
				h.evt = "2.1"
			case "EVT3":
				h.evt = "3.0"
			default:
				if strings.HasPrefix(key, "EVT") {
					h.evt = key
				}
			}
		}
	}
}

// side returns the side of a sensor that a header states, -1 if it is none.
func side(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// percentHead parses as much of a percentHeader as head holds.
func percentHead(head []byte) percentHeader {
	var h percentHeader
	for len(head) > 0 && head[0] == '%' {
		line, rest, ok := bytes.Cut(head, []byte("\n"))
		if !ok {
			break
		}
		h.add(string(line))
		head = rest
	}
	return h
}
