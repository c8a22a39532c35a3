package export

import (
	"encoding/binary"
	"math"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// network decodes the keys after format and version.
func (f *frame) network(l Limits) (*model.Network, error) {
	n := new(model.Network)
	d := f.d
	err := f.read(f.rest, func(key string) (err error) {
		switch key {
		case "name":
			n.Name, err = d.name()
		case "created_by":
			n.CreatedBy, err = d.name()
		case "metadata":
			n.Metadata, err = d.metadata()
		case "dt_ms":
			var ms float64
			ms, err = d.number()
			n.Input.Dt = model.Millis(ms)
		case "steps":
			n.Steps, err = d.count()
		case "input":
			err = d.input(&n.Input)
		case "classes":
			n.Classes, err = d.classes()
		case "layers":
			n.Layers, err = d.layers(l)
		case "readout":
			err = d.readout(&n.Readout)
		case "selftest":
			n.SelfTest, err = d.selfTest()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, f.require("dt_ms", "steps", "input", "layers", "readout")
}

func (d *decoder) metadata() (map[string]any, error) {
	var m map[string]any
	_, err := d.object(maxMetadata, func(key string) error {
		code, err := d.expect(classString, classFloat, classInteger)
		if err != nil {
			return err
		}
		if m == nil {
			m = make(map[string]any)
		}
		if classOf(code) == classString {
			m[key], err = d.text()
		} else {
			m[key], err = d.number()
		}
		return err
	})
	return m, err
}

func (d *decoder) classes() ([]string, error) {
	var names []string
	err := d.array(maxClasses, func(int) error {
		name, err := d.name()
		names = append(names, name)
		return err
	})
	return names, err
}

func (d *decoder) input(in *model.Input) error {
	o, err := d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "shape":
			in.Shape, err = d.shape()
		case "encoder":
			in.Encoder, err = d.encoder()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err != nil {
		return err
	}
	return o.require("shape", "encoder")
}

func (d *decoder) readout(r *model.Readout) error {
	o, err := d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "kind":
			r.Kind, err = word[model.ReadoutKind](d)
		case "margin":
			r.Margin, err = d.float32()
		case "floor":
			r.Floor, err = d.floor()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err != nil {
		return err
	}
	return o.require("kind")
}

func (d *decoder) floor() (f model.Floor, err error) {
	_, err = d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "events":
			f.Events, err = d.integer(0, 1<<53)
		case "score":
			f.Score, err = d.float32()
		case "lead":
			f.Lead, err = d.float32()
		default:
			err = d.skip(0)
		}
		return err
	})
	return f, err
}

func (d *decoder) selfTest() (*model.SelfTest, error) {
	st := new(model.SelfTest)
	o, err := d.object(maxKeys, func(key string) error {
		switch key {
		case "inputs":
			return d.array(maxSelfTests, func(int) error { return d.selfTestInput(st) })
		case "digest":
			at := d.offset()
			b, err := d.binary()
			if err != nil {
				return err
			}
			if len(b) != len(st.Digest) {
				return d.errorf(ErrCorrupt, at, "found %d bytes, expected a SHA-256 of %d", len(b), len(st.Digest))
			}
			copy(st.Digest[:], b)
			return nil
		}
		return d.skip(0)
	})
	if err != nil {
		return nil, err
	}
	return st, o.require("inputs", "digest")
}

// selfTestInput appends an input of spikes or values to st.
func (d *decoder) selfTestInput(st *model.SelfTest) error {
	var steps, size int
	var spikes, values []byte
	o, err := d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "steps":
			steps, err = d.count()
		case "size":
			var n int64
			n, err = d.integer(1, maxElements)
			size = int(n)
		case "spikes":
			spikes, err = d.binary()
		case "values":
			values, err = d.binary()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err == nil {
		err = o.require("steps", "size")
	}
	if err != nil {
		return err
	}
	if o.has("spikes") == o.has("values") {
		return d.errorf(ErrCorrupt, o.at, "expected either spikes or values")
	}
	if o.has("spikes") {
		width := 8 * ((uint64(size) + spike.WordBits - 1) / spike.WordBits)
		if err := o.checkData("spikes", spikes, uint64(steps)*width); err != nil {
			return err
		}
		t, err := spike.FromWords(steps, size, words(spikes))
		if err != nil {
			return o.errorf(ErrCorrupt, "spikes", "%v", err)
		}
		st.Inputs = append(st.Inputs, t)
		return nil
	}
	if err := o.checkData("values", values, 4*uint64(steps)*uint64(size)); err != nil {
		return err
	}
	v, err := spike.FromData(steps, size, floats(values))
	if err != nil {
		return o.errorf(model.ErrInvalid, "values", "%v", err)
	}
	st.Inputs = append(st.Inputs, v)
	return nil
}

// checkData returns an error unless data, the value of key, has size bytes.
func (o *object) checkData(key string, data []byte, size uint64) error {
	if uint64(len(data)) != size {
		return o.errorf(ErrCorrupt, key, "found %d bytes, expected %d", len(data), size)
	}
	return nil
}

// shape reads the dimensions of a tensor or of a layer's input or output.
func (d *decoder) shape() ([]int, error) { return d.integers(maxRank, 1) }

// parameter reads one value for all neurons or a tensor of one each.
func (d *decoder) parameter() ([]float32, error) {
	at := d.offset()
	code, err := d.expect(classFloat, classInteger, classMap)
	if err != nil {
		return nil, err
	}
	if classOf(code) != classMap {
		x, err := d.float32()
		return []float32{x}, err
	}
	t, err := d.tensor(false)
	if err != nil {
		return nil, err
	}
	if len(t.Shape) != 1 {
		return nil, d.errorf(ErrCorrupt, at, "found a tensor of %d dimensions, expected 1", len(t.Shape))
	}
	return t.F32, nil
}

// tensor reads a tensor. One that must not be quantised is f32 and has no
// scale, which also keeps scales from having scales.
func (d *decoder) tensor(quantised bool) (model.Tensor, error) {
	var t model.Tensor
	var dtype string
	var data []byte
	o, err := d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "dtype":
			dtype, err = d.name()
		case "shape":
			t.Shape, err = d.shape()
		case "scale":
			if !quantised {
				return d.errorf(ErrCorrupt, d.offset(), "found a scale, but only weights can be quantised")
			}
			t.Scale, err = d.parameter()
		case "data":
			data, err = d.binary()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err == nil {
		err = o.require("dtype", "shape", "data")
	}
	if err != nil {
		return t, err
	}
	n := elements(t.Shape)
	switch {
	case dtype == "f32" && !o.has("scale"):
		if err := o.checkData("data", data, 4*n); err != nil {
			return t, err
		}
		t.F32 = floats(data)
	case dtype == "f32":
		return t, o.errorf(ErrCorrupt, "scale", "found a scale, but dtype is f32")
	case dtype == "q8" && quantised && d.version < integerVersion:
		return t, o.errorf(model.ErrInvalid, "dtype", "found %q in a file of version %d, expected version %d", dtype, d.version, integerVersion)
	case (dtype == "i8" || dtype == "q8") && quantised:
		if err := o.checkData("data", data, n); err != nil {
			return t, err
		}
		t.I8, t.Integer = int8s(data), dtype == "q8"
		return t, o.require("scale")
	case quantised:
		return t, o.errorf(model.ErrInvalid, "dtype", "found %q, expected f32, i8 or q8", dtype)
	default:
		return t, o.errorf(model.ErrInvalid, "dtype", "found %q, expected f32", dtype)
	}
	return t, nil
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func words(b []byte) []uint64 {
	out := make([]uint64, len(b)/8)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return out
}

func int8s(b []byte) []int8 {
	out := make([]int8, len(b))
	for i, x := range b {
		out[i] = int8(x)
	}
	return out
}
