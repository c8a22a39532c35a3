package dataset

import (
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// FromEvents returns a recording of events as a source of one sample, binned for the
// network m as Open bins one in a file. Name is that of the recording in errors.
func FromEvents(events event.Source, name string, m *model.Network, o Reading) (Source, error) {
	j := job{name: name, in: m.Input, class: unknown, reading: &o}
	return j.events(func() (event.Source, error) { return events, nil })
}
