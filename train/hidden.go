package train

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/snurun/snurun/model"
)

// Unit is what one hidden layer has that the others have not. The zero value has
// nothing of its own.
type Unit struct {
	Reset      model.Reset
	Activation model.Activation
	Recurrent  bool
}

// unitResets and unitActivations are what ParseHidden takes behind a size.
var (
	unitResets      = []model.Reset{model.ResetZero, model.ResetSubtract, model.ResetLateral, model.ResetNone}
	unitActivations = []model.Activation{model.Identity, model.ReLU, model.ELU}
)

const recurrentWord = "recurrent"

// ParseHidden parses sizes of hidden layers, each with words behind colons for what
// it has of its own: 256:subtract,128:elu:recurrent.
func ParseHidden(text string) (sizes []int, units []Unit, err error) {
	text = strings.Trim(text, "[]")
	if strings.TrimSpace(text) == "" {
		return nil, nil, nil
	}
	own := false
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Split(strings.TrimSpace(part), ":")
		n, err := strconv.Atoi(words[0])
		if err != nil {
			return nil, nil, fmt.Errorf("train: hidden layer %q, expected a number of neurons, and behind a colon what it has of its own, such as 256:subtract", part)
		}
		var u Unit
		for _, word := range words[1:] {
			switch r, a := model.Reset(word), model.Activation(word); {
			case slices.Contains(unitResets, r):
				u.Reset = r
			case slices.Contains(unitActivations, a):
				u.Activation = a
			case word == recurrentWord:
				u.Recurrent = true
			default:
				return nil, nil, fmt.Errorf("train: hidden layer %q has %q, expected a reset (zero, subtract, lateral, none), an activation (identity, relu, elu) or recurrent", part, word)
			}
		}
		own = own || u != Unit{}
		sizes, units = append(sizes, n), append(units, u)
	}
	if !own {
		units = nil
	}
	return sizes, units, nil
}

// HiddenString is what ParseHidden reads.
func (p Topology) HiddenString() string {
	var parts []string
	for i, n := range p.Hidden {
		text := strconv.Itoa(n)
		if i < len(p.Units) {
			u := p.Units[i]
			if u.Reset != "" {
				text += ":" + string(u.Reset)
			}
			if u.Activation != "" {
				text += ":" + string(u.Activation)
			}
			if u.Recurrent {
				text += ":" + recurrentWord
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

// unit returns a topology whose layers all are as hidden layer i is.
func (p Topology) unit(i int) Topology {
	if i >= len(p.Units) {
		return p
	}
	u := p.Units[i]
	if u.Reset != "" {
		p.Reset = u.Reset
	}
	if u.Activation != "" {
		p.Activation = u.Activation
	}
	p.Recurrent = p.Recurrent || u.Recurrent
	return p
}
