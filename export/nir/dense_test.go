//go:build !riscv64

package nir_test

import (
	"testing"

	"github.com/viterin/vek/vek32"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// BenchmarkSinabs runs the network event by event, and with every sum over all
// inputs by vek32.MatMul, as a dense library would.
func BenchmarkSinabs(b *testing.B) {
	n, source := sinabs(b, nir.Options{Reset: nir.ResetZero})
	net, err := runtime.Compile(n)
	if err != nil {
		b.Fatal(err)
	}
	s := net.NewSession()
	defer s.Close()
	d := newDense(n)
	var samples []spike.Input
	for i := range 8 {
		x := n.Input.New(n.Steps)
		if err := source.Load(x, i, dataset.Key{}); err != nil {
			b.Fatal(err)
		}
		r, err := s.Classify(x)
		if err != nil {
			b.Fatal(err)
		}
		if class := d.classify(x); class != r.Class { // sums in another order may differ in a spike, hardly in the class
			b.Fatalf("sample %d: class %d, dense %d", i, r.Class, class)
		}
		samples = append(samples, x)
	}
	for form, run := range map[string]func(spike.Input){
		"events": func(x spike.Input) { s.Classify(x) },
		"dense":  func(x spike.Input) { d.classify(x) },
	} {
		b.Run("form="+form, func(b *testing.B) {
			i := 0
			for b.Loop() {
				run(samples[i%len(samples)])
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n.Steps), "µs/step")
		})
	}
}

// dense is a network of IF neurons for vek32.
type dense struct {
	net     *model.Network
	patches []float32
	s, y    [][]float32
	sums    []float32
}

func newDense(n *model.Network) *dense {
	d := &dense{net: n, patches: make([]float32, 1<<16), sums: make([]float32, 1<<13)}
	for i := range n.Layers {
		size := n.Layers[i].OutSize()
		d.s, d.y = append(d.s, make([]float32, size)), append(d.y, make([]float32, size))
	}
	return d
}

// classify runs a recording and returns the class.
func (d *dense) classify(p spike.Input) int {
	last := len(d.net.Layers) - 1
	for i := range d.s {
		clear(d.s[i])
	}
	counts := make([]float32, d.net.Layers[last].OutSize())
	values := p.(spike.Values)
	for t := range values.Steps() {
		x := values.At(t)
		for i := range d.net.Layers {
			d.layer(i, x)
			x = d.y[i]
		}
		vek32.Add_Inplace(counts, x)
	}
	return vek32.ArgMax(counts)
}

func (d *dense) layer(i int, x []float32) {
	l, y, s := &d.net.Layers[i], d.y[i], d.s[i]
	w := &l.Window
	if l.Kind == model.Pool2D {
		clear(y)
		for k, v := range x {
			c, r, q := k/(l.In[1]*l.In[2]), k/l.In[2]%l.In[1], k%l.In[2]
			y[(c*l.Out[1]+r/w.Stride[0])*l.Out[2]+q/w.Stride[1]] += v
		}
		return
	}
	taps := l.Weight.Len() / l.Weight.Shape[0]
	if l.Kind == model.Conv2D {
		d.columns(l, x)
		x = d.patches[:taps*l.Out[1]*l.Out[2]]
	}
	sums := d.sums[:len(y)]
	vek32.MatMul_Into(sums, l.Weight.F32, x, taps)
	for j, a := range sums {
		s[j] += a
		y[j] = 0
		if s[j] > 1 {
			s[j], y[j] = 0, 1
		}
	}
}

// columns puts what each weight of a convolution's kernels sees into a row, one
// value a position.
func (d *dense) columns(l *model.Layer, x []float32) {
	w, at := &l.Window, 0
	for c := range l.In[0] {
		for ky := range w.Kernel[0] {
			for kx := range w.Kernel[1] {
				for oy := range l.Out[1] {
					iy := oy*w.Stride[0] + ky - w.Padding[0]
					row := d.patches[at : at+l.Out[2]]
					at += l.Out[2]
					clear(row)
					if iy < 0 || iy >= l.In[1] {
						continue
					}
					from := x[(c*l.In[1]+iy)*l.In[2]:][:l.In[2]]
					for ox := range row {
						if ix := ox*w.Stride[1] + kx - w.Padding[1]; ix >= 0 && ix < len(from) {
							row[ox] = from[ix]
						}
					}
				}
			}
		}
	}
}
