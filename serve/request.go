package serve

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/snurun/snurun/model"
)

// ErrRequest is the error of a request that makes no sense, ErrTooLarge of one that
// is beyond the limits, ErrBusy of one that comes while too many others wait.
var (
	ErrRequest  = errors.New("malformed request")
	ErrTooLarge = errors.New("request too large")
	ErrBusy     = errors.New("too many requests at once")
)

func badRequest(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRequest}, args...)...)
}

// request is an inference request, of either form of the protocol.
type request struct {
	id      string
	params  params
	inputs  []tensor
	outputs []wanted
	binary  bool // outputs go out as bytes, unless they say otherwise
}

// wanted is an output that is asked for.
type wanted struct {
	name string
	form form
}

// form is how an output goes out.
type form int

const (
	formDefault form = iota // as the request says for all
	formJSON
	formBinary
)

// tensor is a tensor of a request or an answer. Its elements are in the slice that
// its datatype names: bytes of UINT8 and BOOL, ints of INT32 and INT64, floats of
// FP32, texts of BYTES.
type tensor struct {
	name     string
	datatype string
	shape    []int64
	filename string // what is said of the texts
	base64   bool
	isRaw    bool // the elements follow the JSON,
	raw      int  // as so many bytes
	bySteps  bool // the second size of the shape is time steps

	bytes  []byte
	ints   []int64
	floats []float32
	texts  [][]byte
}

// len returns how many elements the tensor has.
func (t *tensor) len() int {
	switch t.datatype {
	case typeUint8, typeBool:
		return len(t.bytes)
	case typeInt32, typeInt64:
		return len(t.ints)
	case typeFP32:
		return len(t.floats)
	}
	return len(t.texts)
}

// elementSize is the length of an element in raw bytes, 0 where it varies or the
// datatype is none that a request may have.
func elementSize(datatype string) int {
	switch datatype {
	case typeUint8, typeBool:
		return 1
	case typeInt32, typeFP32:
		return 4
	case typeInt64:
		return 8
	}
	return 0
}

// knownType reports whether a request may have the datatype.
func knownType(datatype string) bool {
	return datatype == typeBytes || elementSize(datatype) > 0
}

// maxDims bounds the dimensions of a tensor.
const maxDims = 8

// volume returns the number of elements of the tensor's shape.
func (t *tensor) volume() (int, error) {
	if len(t.shape) == 0 || len(t.shape) > maxDims {
		return 0, badRequest("input %q has a shape of %d dimensions, expected 1 to %d", short(t.name), len(t.shape), maxDims)
	}
	n := int64(1)
	for _, d := range t.shape {
		if d < 1 || d > model.MaxVolume || n > model.MaxVolume/d {
			return 0, badRequest("input %q has shape %v, expected sizes of at least 1 and at most %d elements", short(t.name), t.shape, model.MaxVolume)
		}
		n *= d
	}
	return int(n), nil
}

// check holds the elements against the shape.
func (t *tensor) check() error {
	if !knownType(t.datatype) {
		return unknownType(t)
	}
	n, err := t.volume()
	if err != nil {
		return err
	}
	if t.len() != n {
		return badRequest("input %q has %d elements, its shape %v asks for %d", short(t.name), t.len(), t.shape, n)
	}
	return nil
}

func unknownType(t *tensor) error {
	return badRequest("input %q has datatype %q, expected UINT8, BOOL, INT32, INT64, FP32 or BYTES", short(t.name), short(t.datatype))
}

// params are the parameters of a request.
type params struct {
	seed   uint64
	sample uint64 // number of the first sample, for its noise
	steps  int    // 0: as the model and the input say
	margin float32
	auto   bool // the margin that the model recommends
}

// defaultSeed is that of snurun classify.
const defaultSeed = 1

// set takes a parameter that has a meaning here; others are passed over, as clients
// of other servers send them. The value is a bool, an int64, uint64 or float64, or a
// string.
func (p *params) set(name string, value any) error {
	whole := func(most uint64) (uint64, error) {
		switch v := value.(type) {
		case int64:
			if v >= 0 && uint64(v) <= most {
				return uint64(v), nil
			}
		case uint64:
			if v <= most {
				return v, nil
			}
		case float64:
			if v >= 0 && v == math.Trunc(v) && v < 1<<53 && uint64(v) <= most {
				return uint64(v), nil
			}
		case string:
			if n, err := strconv.ParseUint(v, 10, 64); err == nil && n <= most {
				return n, nil
			}
		}
		return 0, badRequest("parameter %s is %s, expected a whole number from 0 to %d", name, short(fmt.Sprint(value)), most)
	}
	var err error
	switch name {
	case "seed":
		p.seed, err = whole(math.MaxUint64)
	case "sample":
		p.sample, err = whole(math.MaxInt32)
	case "steps":
		var n uint64
		n, err = whole(model.MaxSteps)
		p.steps = int(n)
	case "margin":
		if value == "auto" {
			p.auto = true
			return nil
		}
		var m float64
		switch v := value.(type) {
		case float64:
			m = v
		case int64:
			m = float64(v)
		case uint64:
			m = float64(v)
		default:
			m = math.NaN()
		}
		if !(m >= 0 && m <= math.MaxFloat32) {
			return badRequest("parameter margin is %s, expected a number of at least 0, or \"auto\"", short(fmt.Sprint(value)))
		}
		p.margin, p.auto = float32(m), false
	}
	return err
}

// short cuts a text of the client's that an error quotes.
func short(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// reset empties the request and keeps its memory.
func (q *request) reset() {
	for i := range q.inputs {
		t := &q.inputs[i]
		*t = tensor{shape: t.shape[:0], bytes: t.bytes[:0], ints: t.ints[:0], floats: t.floats[:0]}
	}
	*q = request{inputs: q.inputs[:0], outputs: q.outputs[:0], params: params{seed: defaultSeed}}
}

// maxTensors bounds the inputs, and the outputs, that a request may name.
const maxTensors = 1 << 10

// input adds an empty input, in the memory of one before.
func (q *request) input() *tensor {
	if n := len(q.inputs); n < cap(q.inputs) {
		q.inputs = q.inputs[:n+1]
	} else {
		q.inputs = append(q.inputs, tensor{})
	}
	return &q.inputs[len(q.inputs)-1]
}
