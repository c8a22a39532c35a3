package layer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
)

// TestPool compares the windows of each input with windows that are moved over
// the plane.
func TestPool(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		l := model.Layer{Kind: model.Pool2D, Pool: model.SumPool, In: []int{1 + r.IntN(3), 1 + r.IntN(7), 1 + r.IntN(7)}}
		w := &l.Window
		for axis := range 2 {
			for {
				w.Kernel[axis], w.Stride[axis], w.Dilation[axis] = 1+r.IntN(9), 1+r.IntN(12), 1
				w.Padding[axis] = r.IntN(w.Kernel[axis])
				if w.Steps(axis, l.In[1+axis]) > 0 {
					break
				}
			}
		}
		l.Out = []int{l.In[0], w.Steps(0, l.In[1]), w.Steps(1, l.In[2])}
		want := make([][]uint32, l.InSize())
		for k := range l.OutSize() {
			c, oy, ox := k/l.Out[2]/l.Out[1], k/l.Out[2]%l.Out[1], k%l.Out[2]
			for dy := range w.Kernel[0] {
				for dx := range w.Kernel[1] {
					y, x := oy*w.Stride[0]-w.Padding[0]+dy, ox*w.Stride[1]-w.Padding[1]+dx
					if y >= 0 && x >= 0 && y < l.In[1] && x < l.In[2] {
						i := (c*l.In[1]+y)*l.In[2] + x
						want[i] = append(want[i], uint32(k))
					}
				}
			}
		}
		p := newPool(&l)
		most := 0
		for i, windows := range want {
			most = max(most, len(windows))
			if got := p.of(uint32(i)); !slices.Equal(got, windows) {
				t.Fatalf("%v to %v, %+v: input %d lies in windows %v, expected %v", l.In, l.Out, *w, i, got, windows)
			}
		}
		if got := p.most(); got != most {
			t.Fatalf("%v to %v, %+v: an input lies in up to %d windows, expected %d", l.In, l.Out, *w, got, most)
		}
	}
}
