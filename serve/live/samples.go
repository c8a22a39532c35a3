package live

import (
	"fmt"
	"path/filepath"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// Model is a network with its sample inputs. It is immutable; any number of
// watches may share it.
type Model struct {
	net     *runtime.Network
	samples dataset.Source
	images  *dataset.ImageSet // the samples, if they are images
	plane   model.Plane       // that the input lies in, of no pixels if it lies in none
}

// NewModel returns net with samples to choose from, which must fit its input. nil
// stands for the digits that are part of dataset if they fit, or else for the
// inputs of the self-test, which may be nil.
func NewModel(net *runtime.Network, samples dataset.Source, st *model.SelfTest) (*Model, error) {
	m := &Model{net: net, samples: samples}
	in := net.Input()
	// A few channels in a row are no picture.
	if p, err := in.Plane(0, 0); err == nil && p.Channels*p.Height*p.Width == in.Size() && (len(in.Shape) > 1 || p.Width >= minRow) {
		m.plane = p
	}
	switch {
	case samples != nil:
		if n, _ := model.Volume(samples.Shape()); n != in.Size() {
			return nil, fmt.Errorf("live: %w: the samples have shape %v, the network takes %v", dataset.ErrMismatch, samples.Shape(), in.Shape)
		}
	case takesImages(in) && m.plane.Height == 28 && m.plane.Width == 28 && net.OutSize() == 10:
		set, err := dataset.Sample()
		if err != nil {
			return nil, err
		}
		if m.samples, err = dataset.FromImageSet(set, in); err != nil {
			return nil, err
		}
		m.images = &set
	case st != nil:
		var err error
		if m.samples, err = dataset.FromInputs(st.Inputs, in.Shape, nil, net.Classes()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// sampleCard is one of a list of samples.
type sampleCard struct {
	Index int    `json:"index"`
	Label string `json:"label"` // its class, "" if that is not known
	Name  string `json:"name"`
}

type sampleList struct {
	Total   int          `json:"total"`
	Samples []sampleCard `json:"samples"`
	Height  int          `json:"height"`
	Width   int          `json:"width"`
}

// maxListed bounds a list of samples.
const maxListed = 100

// list returns samples and their pictures.
func (m *Model) list(from, count int) (sampleList, []byte, error) {
	l := sampleList{Samples: []sampleCard{}, Height: m.plane.Height, Width: m.plane.Width}
	if m.samples == nil {
		return l, nil, nil
	}
	l.Total = m.samples.Len()
	from = min(max(from, 0), l.Total)
	count = min(max(count, 0), maxListed, l.Total-from)
	pictures := make([]byte, 0, count*l.Height*l.Width)
	for i := from; i < from+count; i++ {
		l.Samples = append(l.Samples, sampleCard{i, labelOf(m.samples, i), nameOf(m.samples, i)})
		p, err := m.picture(i)
		if err != nil {
			return sampleList{}, nil, err
		}
		pictures = append(pictures, p...)
	}
	return l, pictures, nil
}

// nameOf returns the name of a sample's file, without the folder.
func nameOf(s dataset.Source, i int) string {
	if name := dataset.NameOf(s, i); name != "" {
		return filepath.Base(name)
	}
	return ""
}

// labelOf returns the class of a sample, "" if it is not known.
func labelOf(s dataset.Source, i int) string {
	c := s.Label(i)
	switch {
	case c < 0:
		return ""
	case c < len(s.Classes()):
		return s.Classes()[c]
	}
	return fmt.Sprint(c)
}

// maxPictured bounds the steps that a picture of a sample adds up.
const maxPictured = 64

// picture returns the intensities of a sample: those of the image, or the sum of
// its first steps over both polarities, the brightest pixel being 255.
func (m *Model) picture(i int) ([]byte, error) {
	size := m.plane.Height * m.plane.Width
	if size == 0 {
		return nil, nil
	}
	if m.images != nil {
		return m.images.At(i), nil
	}
	x := m.net.Input().New(min(dataset.Steps(m.samples, m.net.Steps()), maxPictured))
	if err := m.samples.Load(x, i, dataset.Key{}); err != nil {
		return nil, err
	}
	sum := make([]float32, size)
	for t := range x.Steps() {
		for c, v := range x.Active(t) {
			sum[c%size] += v
		}
	}
	var most float32
	for _, v := range sum {
		most = max(most, v)
	}
	picture := make([]byte, size)
	for j, v := range sum {
		if v > 0 {
			picture[j] = byte(255 * (v / most))
		}
	}
	return picture, nil
}
