package export

import "github.com/snurun/snurun/model"

// encoderFields are the parameters of an input's encoder, in the order that they
// are written in; model.CodingSpec says which a coding has.
var encoderFields = []encoderField{
	{
		"rate_hz",
		func(d *decoder, e *model.Encoder) (err error) { e.RateHz, err = d.number(); return err },
		func(w *encoder, e *model.Encoder) { w.number(e.RateHz) },
		nil,
		func(e *model.Encoder) { e.RateHz = 0 },
	},
	{
		"bin_us",
		func(d *decoder, e *model.Encoder) (err error) { e.BinUS, err = d.number(); return err },
		func(w *encoder, e *model.Encoder) { w.number(e.BinUS) },
		nil,
		func(e *model.Encoder) { e.BinUS = 0 },
	},
	{
		"counts",
		func(d *decoder, e *model.Encoder) (err error) { e.Counts, err = d.boolean(); return err },
		func(w *encoder, e *model.Encoder) { w.boolean(e.Counts) },
		nil,
		func(e *model.Encoder) { e.Counts = false },
	},
	{
		"threshold",
		func(d *decoder, e *model.Encoder) error {
			x, err := d.number()
			e.Threshold = &x
			return err
		},
		func(w *encoder, e *model.Encoder) { w.number(*e.Threshold) },
		func(e *model.Encoder) bool { return e.Threshold != nil },
		func(e *model.Encoder) { e.Threshold = nil },
	},
	{
		"delta",
		func(d *decoder, e *model.Encoder) error {
			return d.array(maxWidth, func(int) error {
				x, err := d.float32()
				e.Delta = append(e.Delta, x)
				return err
			})
		},
		func(w *encoder, e *model.Encoder) {
			w.atMost("input.encoder.delta", len(e.Delta), maxWidth)
			w.arrayOf(len(e.Delta))
			for _, x := range e.Delta {
				w.float32(x)
			}
		},
		nil,
		func(e *model.Encoder) { e.Delta = nil },
	},
	{
		"difference",
		func(d *decoder, e *model.Encoder) (err error) { e.Difference, err = d.boolean(); return err },
		func(w *encoder, e *model.Encoder) { w.boolean(e.Difference) },
		nil,
		func(e *model.Encoder) { e.Difference = false },
	},
	soundField("sample_hz",
		func(d *decoder, s *model.Sound) (err error) { s.SampleHz, err = d.number(); return err },
		func(w *encoder, s *model.Sound) { w.number(s.SampleHz) }),
	soundField("hop",
		func(d *decoder, s *model.Sound) (err error) { s.Hop, err = d.count(); return err },
		func(w *encoder, s *model.Sound) { w.count("hop", s.Hop) }),
	soundField("smoothing",
		func(d *decoder, s *model.Sound) (err error) { s.Smoothing, err = d.float32(); return err },
		func(w *encoder, s *model.Sound) { w.float32(s.Smoothing) }),
	soundField("fall",
		func(d *decoder, s *model.Sound) (err error) { s.Fall, err = d.float32(); return err },
		func(w *encoder, s *model.Sound) { w.float32(s.Fall) }),
	soundField("rise",
		func(d *decoder, s *model.Sound) (err error) { s.Rise, err = d.float32(); return err },
		func(w *encoder, s *model.Sound) { w.float32(s.Rise) }),
	soundField("above",
		func(d *decoder, s *model.Sound) (err error) { s.Above, err = d.float32(); return err },
		func(w *encoder, s *model.Sound) { w.float32(s.Above) }),
	soundField("quiet",
		func(d *decoder, s *model.Sound) (err error) { s.Quiet, err = d.float32(); return err },
		func(w *encoder, s *model.Sound) { w.float32(s.Quiet) }),
	soundField("filters",
		func(d *decoder, s *model.Sound) (err error) { s.Filters, err = d.tensor(false); return err },
		func(w *encoder, s *model.Sound) { w.tensor(&s.Filters) }),
	soundField("levels",
		func(d *decoder, s *model.Sound) (err error) { s.Levels, err = d.tensor(false); return err },
		func(w *encoder, s *model.Sound) { w.tensor(&s.Levels) }),
}

// An encoderField is how a parameter of an encoder is read and written.
type encoderField struct {
	key   string
	read  func(d *decoder, e *model.Encoder) error
	write func(w *encoder, e *model.Encoder)
	given func(e *model.Encoder) bool // whether it is written; nil for always
	drop  func(e *model.Encoder)
}

// soundField is a parameter of the bank of filters.
func soundField(key string, read func(d *decoder, s *model.Sound) error, write func(w *encoder, s *model.Sound)) encoderField {
	return encoderField{
		key,
		func(d *decoder, e *model.Encoder) error {
			if e.Sound == nil {
				e.Sound = new(model.Sound)
			}
			return read(d, e.Sound)
		},
		func(w *encoder, e *model.Encoder) { write(w, e.Sound) },
		nil,
		func(e *model.Encoder) { e.Sound = nil },
	}
}

// encoder reads an encoder. Parameters of other codings than its own are passed
// over.
func (d *decoder) encoder() (model.Encoder, error) {
	var e model.Encoder
	o, err := d.object(maxKeys, func(key string) (err error) {
		if key == "kind" {
			e.Coding, err = word[model.Coding](d)
			return err
		}
		for _, f := range encoderFields {
			if f.key == key {
				return f.read(d, &e)
			}
		}
		return d.skip(0)
	})
	if err != nil {
		return e, err
	}
	spec := e.Coding.Spec() // one that is unknown is refused by model.Validate
	for _, f := range encoderFields {
		if !spec.Has(f.key) {
			f.drop(&e)
		}
	}
	return e, o.require(append([]string{"kind"}, spec.Required...)...)
}

func (w *encoder) encoder(e model.Encoder) {
	spec := e.Coding.Spec()
	keys := 1
	for _, f := range encoderFields {
		if spec.Has(f.key) && (f.given == nil || f.given(&e)) {
			keys++
		}
	}
	w.mapOf(keys)
	w.str("kind")
	w.str(string(e.Coding))
	for _, f := range encoderFields {
		if spec.Has(f.key) && (f.given == nil || f.given(&e)) {
			w.str(f.key)
			f.write(w, &e)
		}
	}
}
