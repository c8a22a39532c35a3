package stream

import (
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// A network that decides at every step gives a decision at every step, which is that of
// Session.Step on the whole stream, to the bit.
func TestDecisionsEveryStep(t *testing.T) {
	for _, kind := range []model.ReadoutKind{model.StepClass, model.StepSet} {
		net, err := runtime.Compile(network(kind))
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewWindows(net, WindowOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		x := spike.NewTrain(40, net.InSize())
		for k := range x.Steps() {
			for i := range x.Size() {
				if (i*7+k*3)%5 == 0 {
					x.At(k).Set(i)
				}
			}
		}
		for k := range x.Steps() {
			if err := s.Step(x, k); err != nil {
				t.Fatal(err)
			}
			decisions, err := w.Step(x, k)
			if err != nil || len(decisions) != 1 {
				t.Fatalf("%s, step %d: %d decisions, %v", kind, k, len(decisions), err)
			}
			d, want := decisions[0], s.Result()
			if d.Step != int64(k) || d.Window != int64(k) || d.Class != want.Class {
				t.Errorf("%s, step %d: %+v, expected class %d", kind, k, d, want.Class)
			}
			for j := range want.Scores {
				if d.Scores[j] != want.Scores[j] {
					t.Errorf("%s, step %d: score %d is %v, expected %v", kind, k, j, d.Scores[j], want.Scores[j])
				}
			}
		}
		for _, o := range []WindowOptions{{Steps: 3}, {Margin: 1}} {
			if _, err := NewWindows(net, o); err == nil {
				t.Errorf("%s: windows %+v were made", kind, o)
			}
		}
		if err := w.Replace(net, WindowOptions{}); err != nil {
			t.Error(err)
		}
	}
}
