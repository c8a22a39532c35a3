package train

import (
	"fmt"

	"github.com/snurun/snurun/model"
)

// trainable reports what a valid network has that no gradient goes through here:
// what is there for networks that another framework has trained.
func trainable(m *model.Network) error {
	for i := range m.Layers {
		l := &m.Layers[i]
		var what string
		switch {
		case l.Output == model.Count:
			what = "output count: several spikes a step"
		case l.Activation == model.Clipped:
			what = "activation clipped"
		case l.Reset == model.ResetRefractory || l.Reset == model.ResetLagged:
			what = fmt.Sprintf("reset %s", l.Reset)
		case m.PoolsValues(i):
			what = "max pooling of values"
		default:
			continue
		}
		return fmt.Errorf("train: %s has %s, which can be run but not trained", model.LayerName(i, l.Name), what)
	}
	return nil
}
