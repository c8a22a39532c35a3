package train

import (
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestActivity(t *testing.T) {
	var trains []spike.Train
	var values []spike.Values
	var labels []int
	for i := range 250 { // every second one is looked at
		x, v := spike.NewTrain(4, 10), spike.NewValues(4, 10)
		for step := range 4 {
			for n := range 1 + i%2*5 + step {
				x.At(step).Set(n)
				v.At(step)[n] = 2
			}
		}
		trains, values, labels = append(trains, x), append(values, v), append(labels, 0)
	}
	in := model.Input{Shape: []int{10}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	spikes, err := dataset.FromInputs(trains, in.Shape, labels, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Activity(spikes, in, 4); err != nil || got != (1+2+3+4)/4.0 {
		t.Errorf("%v active channels a step, %v", got, err)
	}
	if got, err := Activity(spikes, in, 40); err != nil || got != 1 {
		t.Errorf("%v active channels a step, %v, expected at least 1", got, err)
	}
	in.Encoder.Counts = true
	analog, err := dataset.FromInputs(values, in.Shape, labels, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Activity(analog, in, 4); err != nil || got != 4*(1+2+3+4)/4.0 {
		t.Errorf("%v is the mean sum of squares, %v", got, err)
	}
	for steps, source := range map[int]dataset.Source{0: spikes, model.MaxSteps + 1: spikes, 4: empty{spikes}} {
		if _, err := Activity(source, in, steps); err == nil {
			t.Errorf("took %d steps of %d samples", steps, source.Len())
		}
	}
}

type empty struct{ dataset.Source }

func (empty) Len() int { return 0 }
