package dataset

import (
	"fmt"

	"github.com/snurun/snurun/model"
)

// Images are grey images of one size, one byte a pixel, row after row and
// image after image; 255 is full intensity.
type Images struct {
	Count, Height, Width int
	Pixels               []byte
}

// At returns the pixels of image i; memory is shared.
func (m Images) At(i int) []byte {
	n := m.Height * m.Width
	return m.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// check reports whether the images have as many pixels as they say.
func (m Images) check() error {
	if m.Height < 1 || m.Width < 1 || m.Height > model.MaxVolume/m.Width ||
		len(m.Pixels)%(m.Height*m.Width) != 0 || len(m.Pixels)/(m.Height*m.Width) != m.Count {
		return fmt.Errorf("dataset: %w: %d images of %d×%d pixels in %d bytes", ErrMismatch, m.Count, m.Height, m.Width, len(m.Pixels))
	}
	return nil
}

// ImageSet is images with their labels.
type ImageSet struct {
	Images
	Labels  []int    // one an image, or nil if they are unknown
	Classes []string // the name of each label
}
