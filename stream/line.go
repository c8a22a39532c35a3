package stream

import (
	"math"

	"github.com/snurun/snurun/model"
)

// DecisionLine is the JSON form of a decision.
type DecisionLine struct {
	Window  int64     `json:"window"`
	Step    int64     `json:"step"`
	TimeUS  int64     `json:"t_us"`
	Time    string    `json:"time,omitempty"` // of the day, if whoever prints it says so
	Class   *int      `json:"class"`          // null where none is decided
	Name    string    `json:"name,omitempty"`
	Below   string    `json:"below,omitempty"`
	Leading *int      `json:"leading,omitempty"` // where Class is another, or none
	Set     *[]int    `json:"set,omitempty"`     // of a network that decides on sets, the outputs in it
	Scores  []float32 `json:"scores"`
	Steps   int       `json:"steps"`
	Events  int64     `json:"events"`
	Lead    *float32  `json:"lead,omitempty"` // absent if it is infinite, as with one class
	Margin  *float32  `json:"margin,omitempty"`
	Partial bool      `json:"partial,omitempty"`
	Latency float64   `json:"latency_us"`
}

// Set returns the outputs of a set that was decided on, those whose score is above
// 0; false of a class.
func (d *Decision) Set() (set []int, ok bool) {
	if d.Model.Readout.Kind != model.StepSet {
		return nil, false
	}
	set = []int{}
	for j, z := range d.Scores {
		if z > 0 {
			set = append(set, j)
		}
	}
	return set, true
}

// Line returns the JSON form of d, which it shares memory with, without a time of
// the day.
func (d *Decision) Line() DecisionLine {
	line := DecisionLine{
		Window: d.Window, Step: d.Step, TimeUS: d.TimeUS, Class: &d.Class, Below: d.Below, Scores: d.Scores, Steps: d.Steps,
		Events: d.Events, Lead: &d.Lead, Margin: &d.Lead, Partial: d.Partial, Latency: float64(d.Latency.Nanoseconds()) / 1e3,
	}
	if d.Class < len(d.Model.Classes) {
		line.Name = d.Model.Classes[d.Class]
	}
	if set, ok := d.Set(); ok {
		line.Class, line.Name, line.Set = nil, "", &set
	}
	if d.Below != "" {
		line.Class, line.Name = nil, ""
	}
	if line.Set == nil && (d.Below != "" || d.Leading != d.Class) {
		line.Leading = &d.Leading
	}
	if line.Set != nil || math.IsInf(float64(d.Lead), 1) {
		line.Lead, line.Margin = nil, nil
	}
	return line
}
