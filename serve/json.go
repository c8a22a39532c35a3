package serve

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// readJSON reads an inference request in the protocol's JSON. The texts of its
// tensors share the memory of body.
func (q *request) readJSON(body []byte) error {
	s := &scanner{b: body}
	seen := map[string]bool{}
	err := s.object(func(key string) error {
		if err := s.once(seen, key, "id", "parameters", "inputs", "outputs"); err != nil {
			return err
		}
		switch key {
		case "id":
			var err error
			if s.next() != '"' {
				return s.errorf("id: expected a string, found %s", s.found())
			}
			q.id, err = s.text()
			return err
		case "parameters":
			return s.parameters(func(name string, value any) error {
				if on, ok := value.(bool); ok && name == "binary_data_output" {
					q.binary = on
				}
				return q.params.set(name, value)
			})
		case "inputs":
			return s.array(func() error { return q.readInput(s) })
		case "outputs":
			return s.array(func() error { return q.readOutput(s) })
		}
		return s.skip(0)
	})
	if err != nil {
		return err
	}
	if s.next(); s.i < len(s.b) {
		return s.errorf("expected the end of the request, found %s", s.found())
	}
	return nil
}

// once reports a key that is given twice, of those that have a meaning.
func (s *scanner) once(seen map[string]bool, key string, known ...string) error {
	if !slices.Contains(known, key) {
		return nil
	}
	if seen[key] {
		return s.errorf("%q is given twice", key)
	}
	seen[key] = true
	return nil
}

// parameters reads the parameters of a request or a tensor.
func (s *scanner) parameters(set func(name string, value any) error) error {
	return s.object(func(name string) error {
		if c := s.next(); c == '{' || c == '[' { // of other servers
			return s.skip(0)
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		return set(name, value)
	})
}

// set takes a parameter of an input that has a meaning, for the tensor or for the
// request.
func (t *tensor) set(q *request, name string, value any) error {
	text, isText := value.(string)
	switch {
	case name == "filename" && isText:
		t.filename = text
	case name == "content_type" && isText:
		t.base64 = text == "base64"
	default:
		return q.params.set(name, value)
	}
	return nil
}

func (q *request) readInput(s *scanner) error {
	if len(q.inputs) == maxTensors {
		return s.errorf("more than %d inputs", maxTensors)
	}
	t := q.input()
	later := -1 // where data stand that came before the datatype or the shape
	size := -1  // bytes of the data behind the JSON
	seen := map[string]bool{}
	err := s.object(func(key string) error {
		if err := s.once(seen, key, "name", "datatype", "shape", "parameters", "data"); err != nil {
			return err
		}
		var err error
		switch key {
		case "name":
			if s.next() != '"' {
				return s.errorf("name: expected a string, found %s", s.found())
			}
			t.name, err = s.text()
			return err
		case "datatype":
			if s.next() != '"' {
				return s.errorf("datatype: expected a string, found %s", s.found())
			}
			t.datatype, err = s.text()
			return err
		case "shape":
			return s.array(func() error { return s.dimension(t) })
		case "parameters":
			return s.parameters(func(name string, value any) error {
				if name == "binary_data_size" {
					n, ok := value.(uint64)
					if !ok || n > math.MaxInt32 {
						return s.errorf("binary_data_size is %v, expected a whole number", value)
					}
					size = int(n)
				}
				return t.set(q, name, value)
			})
		case "data":
			if !seen["datatype"] || !seen["shape"] {
				s.next()
				later = s.i
				return s.skip(0)
			}
			return s.data(t)
		}
		return s.skip(0)
	})
	if err != nil {
		return err
	}
	for _, key := range []string{"name", "datatype", "shape"} {
		if !seen[key] {
			return s.errorf("an input has no %s", key)
		}
	}
	switch {
	case seen["data"] && size >= 0:
		return s.errorf("input %q has data and binary_data_size, expected one", short(t.name))
	case size >= 0:
		t.later(size)
	case !seen["data"]:
		return s.errorf("input %q has no data", short(t.name))
	case later >= 0:
		at := scanner{b: s.b, i: later}
		return at.data(t)
	}
	return nil
}

// dimension reads one number of a shape.
func (s *scanner) dimension(t *tensor) error {
	n, err := s.number()
	if err != nil {
		return err
	}
	d, ok := n.int64()
	if !ok {
		return s.errorf("shape: expected a whole number, found %s", short(string(n.text)))
	}
	if len(t.shape) == maxDims {
		return s.errorf("input %q has a shape of more than %d dimensions", short(t.name), maxDims)
	}
	t.shape = append(t.shape, d)
	return nil
}

// data reads the elements of a tensor, flat or nested, in order.
func (s *scanner) data(t *tensor) error {
	if !knownType(t.datatype) {
		return unknownType(t)
	}
	most, err := t.volume()
	if err != nil {
		return err
	}
	return s.elements(t, most, 0)
}

func (s *scanner) elements(t *tensor, most, depth int) error {
	if depth > maxDims {
		return s.errorf("data of input %q nest more than %d deep", short(t.name), maxDims)
	}
	if s.next() != '[' {
		return s.errorf("data of input %q: expected an array, found %s", short(t.name), s.found())
	}
	s.i++
	if s.next() == ']' {
		s.i++
		return nil
	}
	for {
		var err error
		if s.next() == '[' {
			err = s.elements(t, most, depth+1)
		} else if t.len() >= most {
			err = s.errorf("input %q has more elements than the %d of its shape %v", short(t.name), most, t.shape)
		} else {
			err = s.element(t)
		}
		if err != nil {
			return err
		}
		more, err := s.more(']')
		if !more {
			return err
		}
	}
}

// element reads one element of a tensor.
func (s *scanner) element(t *tensor) error {
	if t.datatype == typeBytes {
		if s.next() != '"' {
			return s.errorf("input %q: expected a string, found %s", short(t.name), s.found())
		}
		raw, escaped, err := s.rawText()
		if err == nil && escaped {
			var text string
			err = json.Unmarshal(s.b[s.i-len(raw)-2:s.i], &text)
			raw = []byte(text)
		}
		t.texts = append(t.texts, raw)
		return err
	}
	if c := s.next(); t.datatype == typeBool && (c == 't' || c == 'f') {
		v, err := s.word()
		if err != nil {
			return err
		}
		bit := byte(0)
		if v == true {
			bit = 1
		}
		t.bytes = append(t.bytes, bit)
		return nil
	}
	n, err := s.number()
	if err != nil {
		return err
	}
	var ok bool
	switch t.datatype {
	case typeFP32:
		var v float32
		v, ok = n.float32()
		t.floats = append(t.floats, v)
	case typeInt32, typeInt64:
		var v int64
		v, ok = n.int64()
		ok = ok && (t.datatype == typeInt64 || v == int64(int32(v)))
		t.ints = append(t.ints, v)
	default:
		var v int64
		v, ok = n.int64()
		most := int64(math.MaxUint8)
		if t.datatype == typeBool {
			most = 1
		}
		ok = ok && v >= 0 && v <= most
		t.bytes = append(t.bytes, byte(v))
	}
	if !ok {
		return s.errorf("input %q: %s is no %s", short(t.name), short(string(n.text)), t.datatype)
	}
	return nil
}

func (q *request) readOutput(s *scanner) error {
	if len(q.outputs) == maxTensors {
		return s.errorf("more than %d outputs", maxTensors)
	}
	o := wanted{}
	binary, said, named := false, false, false
	err := s.object(func(key string) error {
		switch key {
		case "name":
			if s.next() != '"' || named {
				return s.errorf("name of an output: expected one string, found %s", s.found())
			}
			named = true
			var err error
			o.name, err = s.text()
			return err
		case "parameters":
			return s.parameters(func(name string, value any) error {
				if on, ok := value.(bool); ok && name == "binary_data" {
					binary, said = on, true
				}
				return nil
			})
		}
		return s.skip(0)
	})
	if err != nil {
		return err
	}
	if !named {
		return s.errorf("an output has no name")
	}
	o.form = formDefault
	if said && binary {
		o.form = formBinary
	} else if said {
		o.form = formJSON
	}
	q.outputs = append(q.outputs, o)
	return nil
}

// appendAnswer appends the answer to a request, JSON and behind it the tensors that go
// out as bytes, and returns it with the length of the JSON.
func appendAnswer(b []byte, m *Model, q *request, outputs []tensor) ([]byte, int) {
	b = append(b, `{"model_name":`...)
	b = appendText(b, []byte(m.name))
	b = append(b, `,"model_version":"`...)
	b = append(b, m.version...)
	b = append(b, '"')
	if q.id != "" {
		b = append(b, `,"id":`...)
		b = appendText(b, []byte(q.id))
	}
	b = append(b, `,"outputs":[`...)
	for i := range outputs {
		t := &outputs[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendText(b, []byte(t.name))
		b = append(b, `,"datatype":"`...)
		b = append(b, t.datatype...)
		b = append(b, `","shape":`...)
		b = appendNumbers(b, t.shape)
		if q.isBinary(i) {
			b = append(b, `,"parameters":{"binary_data_size":`...)
			b = strconv.AppendInt(b, int64(t.rawSize()), 10)
			b = append(b, "}}"...)
			continue
		}
		b = append(b, `,"data":`...)
		b = t.appendData(b)
		b = append(b, '}')
	}
	b = append(b, "]}"...)
	length := len(b)
	for i := range outputs {
		if q.isBinary(i) {
			b = outputs[i].appendRaw(b)
		}
	}
	return b, length
}

// appendData appends the elements as a flat array.
func (t *tensor) appendData(b []byte) []byte {
	switch t.datatype {
	case typeFP32:
		b = append(b, '[')
		for i, v := range t.floats {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFloat(b, v)
		}
		return append(b, ']')
	case typeInt32, typeInt64:
		return appendNumbers(b, t.ints)
	case typeBytes:
		b = append(b, '[')
		for i, text := range t.texts {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, text)
		}
		return append(b, ']')
	}
	return appendNumbers(b, t.bytes)
}

func appendNumbers[T int64 | byte](b []byte, values []T) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	return append(b, ']')
}

// appendFloat appends the shortest number that is read as v, as encoding/json does.
func appendFloat(b []byte, v float32) []byte {
	if a := math.Abs(float64(v)); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(b, float64(v), 'f', -1, 32)
	}
	return strconv.AppendFloat(b, float64(v), 'e', -1, 32)
}

// appendText appends a string.
func appendText(b []byte, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(string(text)) // a string can always be encoded
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
