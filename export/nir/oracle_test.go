package nir_test

import (
	"github.com/snurun/snurun/model"
)

// entry is one value of a list that comes into a layer.
type entry struct {
	at int
	x  float32
}

// oracle runs a network by the equations of package model, one plain loop a
// layer.
type oracle struct {
	net     *model.Network
	s, y, q [][]float32
}

func newOracle(n *model.Network) *oracle {
	o := &oracle{net: n}
	for i := range n.Layers {
		l := &n.Layers[i]
		k := l.OutSize()
		o.s = append(o.s, model.Broadcast(l.Initial, k))
		o.y = append(o.y, make([]float32, k))
		o.q = append(o.q, make([]float32, k))
	}
	return o
}

// step runs one step of input, and returns what each layer passes on.
func (o *oracle) step(x []entry) [][]entry {
	var out [][]entry
	for i := range o.net.Layers {
		l := &o.net.Layers[i]
		var in []entry
		for _, from := range l.Inputs(i) {
			if from < 0 {
				in = append(in, x...)
			} else {
				in = append(in, out[from]...)
			}
		}
		switch l.Kind {
		case model.Flatten:
			out = append(out, in)
		case model.Pool2D:
			out = append(out, pool(l, in))
		default:
			out = append(out, o.neurons(i, in))
		}
	}
	return out
}

func (o *oracle) neurons(i int, in []entry) []entry {
	l := &o.net.Layers[i]
	n := l.OutSize()
	a := model.Broadcast(l.Current, n)
	for _, e := range in {
		if l.Kind == model.Conv2D {
			o.convolve(l, a, e)
			continue
		}
		for j := range n {
			a[j] += float32(l.Weight.F32[j*l.InSize()+e.at] * e.x)
		}
	}
	if l.Recurrent != nil {
		for k, y := range o.y[i] {
			for j := 0; y != 0 && j < n; j++ {
				a[j] += float32(l.Recurrent.F32[j*n+k] * y)
			}
		}
	}
	alpha, decay := model.Broadcast(l.Synapse, n), model.Broadcast(l.Decay, n)
	bias, theta := model.Broadcast(l.Bias, n), model.Broadcast(l.Theta, n)
	var out []entry
	for j := range n {
		if len(l.Synapse) > 0 {
			o.q[i][j] = a[j] + float32(alpha[j]*o.q[i][j])
			a[j] = o.q[i][j]
		}
		held := float32(decay[j] * o.s[i][j])
		p := a[j] + held
		switch y := o.y[i][j]; {
		case l.Reset == model.ResetZero && y != 0:
			p = a[j]
		case l.Reset == model.ResetSubtract:
			p -= float32(theta[j] * y)
		}
		o.s[i][j] = p
		o.y[i][j] = 0
		switch {
		case l.Output == model.None:
			if p != 0 {
				out = append(out, entry{j, p})
			}
		case p+bias[j] > 0:
			o.y[i][j] = 1
			out = append(out, entry{j, 1})
		}
	}
	return out
}

// convolve adds what one input gives each output of a convolution.
func (o *oracle) convolve(l *model.Layer, a []float32, e entry) {
	w := &l.Window
	c, y, x := e.at/(l.In[1]*l.In[2]), e.at/l.In[2]%l.In[1], e.at%l.In[2]
	inGroup, outGroup := l.In[0]/l.Groups, l.Out[0]/l.Groups
	for k := range outGroup {
		to := c/inGroup*outGroup + k
		for ky := range w.Kernel[0] {
			for kx := range w.Kernel[1] {
				oy, ox := y+w.Padding[0]-ky*w.Dilation[0], x+w.Padding[1]-kx*w.Dilation[1]
				if oy < 0 || ox < 0 || oy%w.Stride[0] != 0 || ox%w.Stride[1] != 0 {
					continue
				}
				if oy, ox = oy/w.Stride[0], ox/w.Stride[1]; oy >= l.Out[1] || ox >= l.Out[2] {
					continue
				}
				weight := l.Weight.F32[((to*inGroup+c%inGroup)*w.Kernel[0]+ky)*w.Kernel[1]+kx]
				a[(to*l.Out[1]+oy)*l.Out[2]+ox] += float32(weight * e.x)
			}
		}
	}
}

func pool(l *model.Layer, in []entry) []entry {
	w := &l.Window
	scale := float32(1)
	if l.Pool == model.AvgPool {
		scale = 1 / float32(w.Kernel[0]*w.Kernel[1])
	}
	var out []entry
	for _, e := range in {
		c, y, x := e.at/(l.In[1]*l.In[2]), e.at/l.In[2]%l.In[1], e.at%l.In[2]
		for oy := range l.Out[1] {
			for ox := range l.Out[2] {
				ky, kx := y+w.Padding[0]-oy*w.Stride[0], x+w.Padding[1]-ox*w.Stride[1]
				if ky >= 0 && ky < w.Kernel[0] && kx >= 0 && kx < w.Kernel[1] {
					out = append(out, entry{(c*l.Out[1]+oy)*l.Out[2] + ox, float32(e.x * scale)})
				}
			}
		}
	}
	return out
}
