package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// message is one line of the form jsonl. Keys that it does not have are passed
// over.
type message struct {
	T      stamp  `json:"t"`
	X      column `json:"x"`
	Y      number `json:"y"`
	P      sign   `json:"p"`
	Step   number `json:"step"`
	Spikes array  `json:"spikes"`
	Values array  `json:"values"`
}

// cleared returns a message without anything, which keeps the memory of m.
func (m *message) cleared() message {
	return message{X: column{array: array{text: m.X.text}}, Spikes: array{text: m.Spikes.text}, Values: array{text: m.Values.text}}
}

// decode reads a line. Package json takes T for t where there is no t, which
// might be another quantity of a sensor: a line that may have such a key goes by a
// map, whose keys are exact.
func (m *message) decode(line []byte) error {
	if plain(line) && json.Unmarshal(line, m) == nil {
		return nil
	}
	// Key by key, so that an error names it.
	*m = m.cleared()
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return err
	}
	for _, field := range []struct {
		key string
		to  json.Unmarshaler
	}{{"t", &m.T}, {"x", &m.X}, {"y", &m.Y}, {"p", &m.P}, {"step", &m.Step}, {"spikes", &m.Spikes}, {"values", &m.Values}} {
		if value, ok := keys[field.key]; ok {
			if err := field.to.UnmarshalJSON(value); err != nil {
				return fmt.Errorf("%q: %w", field.key, err)
			}
		}
	}
	return nil
}

// plain reports whether a line has nothing but what lower-case keys and numbers
// need.
func plain(line []byte) bool {
	for i, b := range line {
		exponent := b == 'E' && i > 0 && (line[i-1] == '.' || '0' <= line[i-1] && line[i-1] <= '9')
		if 'A' <= b && b <= 'Z' && !exponent || b > '~' || b == '\\' {
			return false
		}
	}
	return true
}

// A number is a whole number of 0 or more, which may be written as 1200.0.
type number struct {
	given bool
	v     int64
}

func (n *number) UnmarshalJSON(b []byte) error {
	v, ok := parseUint(b, maxPosition)
	if !ok {
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || f != math.Trunc(f) || f < 0 || f > maxPosition || !bytes.ContainsAny(b, ".eE") {
			return fmt.Errorf("found %.20s, expected a whole number from 0 to 2^53", b)
		}
		v = uint64(f)
	}
	*n = number{true, int64(v)}
	return nil
}

// A stamp is the time of an event, a number; what else it may be of a step is passed
// over, so that an error is kept for whoever needs it.
type stamp struct {
	number
	err error
}

func (t *stamp) UnmarshalJSON(b []byte) error {
	t.err, t.given = t.number.UnmarshalJSON(b), true
	return nil
}

// A column is that of an event, or the values of a step.
type column struct {
	number
	array
}

func (c *column) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return c.array.UnmarshalJSON(b)
	}
	return c.number.UnmarshalJSON(b)
}

// A sign is a polarity: 0 or −1 for OFF, 1 for ON.
type sign struct{ number }

func (s *sign) UnmarshalJSON(b []byte) error {
	if f, err := strconv.ParseFloat(string(b), 64); err == nil && f == -1 {
		s.number = number{given: true}
		return nil
	}
	if s.number.UnmarshalJSON(b) != nil || s.v > 1 {
		return fmt.Errorf("found %.20s, expected a polarity: 0 or −1 for OFF, 1 for ON", b)
	}
	return nil
}

// An array holds the text between the brackets of an array.
type array struct {
	given bool
	text  []byte
}

func (a *array) UnmarshalJSON(b []byte) error {
	if b[0] != '[' {
		return fmt.Errorf("found %.20s, expected an array of numbers", b)
	}
	a.given, a.text = true, append(a.text[:0], b[1:len(b)-1]...)
	return nil
}

// A jsonParser parses lines of the form jsonl. The first decides whether the
// stream is of events or of steps.
type jsonParser struct {
	once     *once
	channels int
	width    int         // values of a step, 0 if the network takes none
	plane    model.Plane // that events lie in, without pixels if the network does not take any
	maxStep  int64
	message  message // kept for its memory
	events   bool
	decided  bool
}

func (p *jsonParser) parse(c *chunk, line []byte) (something bool, err error) {
	if len(line) == 0 {
		return false, nil
	}
	m := &p.message
	*m = m.cleared()
	switch line[0] {
	case '{':
		if err := m.decode(line); err != nil {
			return false, err
		}
	case '[':
		if err := json.Unmarshal(line, &m.Values); err != nil {
			return false, err
		}
	default:
		return false, errors.New("expected a JSON object, or an array of values: [0.1,-2]")
	}
	if m.X.array.given && !m.Values.given {
		m.Values, m.X.array = m.X.array, m.Values
	}
	isStep := m.Spikes.given || m.Values.given || m.X.array.given
	isEvent := m.T.given && !isStep
	switch {
	case isStep && (m.X.number.given || m.Y.given || m.P.given), isEvent && m.Step.given:
		return false, errors.New(`an event and a step at once, expected either "t", "x", "y", "p" or a step`)
	case !isEvent && (m.Spikes.given == m.Values.given || m.X.array.given):
		return false, errors.New(`expected "t", "x", "y", "p", or "spikes", or "values", which an array "x" is too`)
	case p.decided && isEvent != p.events:
		return false, errors.New("events and steps in one stream, expected those of the first line")
	case isEvent:
		err = p.event(c, m)
	default:
		err = p.step(c, m)
	}
	if err != nil {
		return false, err
	}
	p.events, p.decided = isEvent, true
	return true, nil
}

func (p *jsonParser) event(c *chunk, m *message) error {
	switch {
	case m.T.err != nil:
		return keyed("t", m.T.err)
	case !m.X.number.given || !m.Y.given || !m.P.given:
		return errors.New(`expected all of "t", "x", "y", "p"`)
	case p.plane.Channels == 0:
		return errNoSize
	case m.X.v >= int64(p.plane.Width) || m.Y.v >= int64(p.plane.Height) || m.P.v > 1:
		return fmt.Errorf("expected an event inside %dx%d with p 0 or 1", p.plane.Width, p.plane.Height)
	}
	c.room[0] = event.Event{T: m.T.v, X: uint16(m.X.v), Y: uint16(m.Y.v), P: uint8(m.P.v)}
	c.events = c.room[:1]
	return nil
}

func (p *jsonParser) step(c *chunk, m *message) (err error) {
	c.isStep = true
	if m.Step.given {
		c.number = m.Step.v
	}
	if c.number > p.maxStep {
		return fmt.Errorf("expected a step of at most %d", p.maxStep)
	}
	if m.Spikes.given {
		if c.channels, err = appendChannels(c.channels, m.Spikes.text, p.channels); err == nil {
			err = p.once.check(c.channels)
		}
		return keyed("spikes", err)
	}
	if p.width == 0 {
		return errors.New("values for a network that takes spikes")
	}
	c.values, err = appendValues(c.values, m.Values.text, p.width)
	return keyed("values", err)
}

// keyed puts the key that an error is about in front of it.
func keyed(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", key, err)
}
