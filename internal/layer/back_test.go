package layer

import (
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestReturn sends gradients back through overlapping windows of two inputs
// each: 0 and 1, 1 and 2, 2 and 3.
func TestReturn(t *testing.T) {
	l := model.Layer{
		In: []int{1, 1, 4}, Out: []int{1, 1, 3},
		Window: model.Window{Kernel: [2]int{1, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}},
	}
	for _, c := range []struct {
		kind   model.Pooling
		spikes uint64
		want   []float32
	}{
		{model.SumPool, 0b0110, []float32{1, 11, 110, 100}},
		{model.AvgPool, 0b0110, []float32{0.5, 5.5, 55, 50}},
		{model.MaxPool, 0b0000, []float32{1, 11, 110, 100}},
		{model.MaxPool, 0b0010, []float32{0, 11, 100, 100}},
		{model.MaxPool, 0b0110, []float32{0, 1, 100, 0}},
	} {
		l.Pool = c.kind
		layer := &Layer{In: 3, feeds: []feed{{pools: []*pool{newPool(&l)}}}}
		var b Back
		grads := b.Grads(layer)
		copy(grads, []float32{1, 10, 100})
		if got := b.Return(layer, 0, grads, spike.Vector{c.spikes}); !slices.Equal(got, c.want) {
			t.Errorf("%s of spikes %04b: gradients %v, expected %v", c.kind, c.spikes, got, c.want)
		}
		if got := b.Wanted(layer, 0, spike.Vector{0b0001}); got[0] != 0b001 {
			t.Errorf("input 0 lies in windows %03b, expected 001", got[0])
		}
	}
}
