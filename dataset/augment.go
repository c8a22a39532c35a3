package dataset

import (
	"fmt"
	"math"
	"sync"

	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/spike"
)

// Augmentation moves the pixels of an image before it is encoded, another way
// for every key. The zero value leaves images as they are.
type Augmentation struct {
	Shift   float64 // pixels: up to so far in each direction
	Rotate  float64 // radians: up to so far in each direction
	Elastic float64 // pixels: standard deviation of a smooth displacement
}

// elasticGrid is the number of nodes a side between which the elastic
// displacement is interpolated.
const elasticGrid = 5

// Validate reports an amount that is negative or too large to make sense.
func (a Augmentation) Validate() error {
	for _, p := range []struct {
		name  string
		value float64
		to    float64
	}{{"shift", a.Shift, 1000}, {"rotation", a.Rotate, math.Pi / 2}, {"elastic displacement", a.Elastic, 1000}} {
		if !(p.value >= 0 && p.value <= p.to) {
			return fmt.Errorf("dataset: augmentation: %s is %v, expected 0 to %v", p.name, p.value, p.to)
		}
	}
	return nil
}

// Augmented returns images coded by an encoder, each moved as the key chooses
// before it is encoded; see FromImages.
func Augmented(set ImageSet, encoder *Encoder, a Augmentation) (Source, error) {
	source, err := FromImages(set, encoder)
	if err != nil {
		return nil, err
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if encoder.Analog() && a != (Augmentation{}) {
		return nil, fmt.Errorf("dataset: augmentation: %w: it needs a coding that yields spikes", ErrCoding)
	}
	images := source.(*imageSource)
	size := set.Height * set.Width
	return &augmentedSource{imageSource: images, amount: a, pixels: sync.Pool{New: func() any {
		pixels := make([]byte, size)
		return &pixels
	}}}, nil
}

type augmentedSource struct {
	*imageSource
	amount Augmentation
	pixels sync.Pool
}

func (s *augmentedSource) Spikes(dst spike.Train, i int, key Key) error {
	if err := s.check(dst.Size(), i); err != nil {
		return err
	}
	pixels := s.pixels.Get().(*[]byte)
	defer s.pixels.Put(pixels)
	s.amount.apply(*pixels, s.images.At(i), s.images.Height, s.images.Width, key)
	return s.encoder.Encode(dst, *pixels, key)
}

// Places in a key's stream, beyond those of any encoder.
const (
	placeAugment = 1<<63 + iota<<8
	placeElastic
)

// apply writes the image src to dst, moved. The pixel at (x, y) takes the value
// that src has, by bilinear interpolation, at
//
//	R(angle)·((x, y) − centre) + centre + shift + displacement(x, y)
//
// and 0 outside.
func (a Augmentation) apply(dst, src []byte, height, width int, key Key) {
	uniform := func(place uint64) float64 { // in [−1, 1)
		return float64(int64(key.Uint64(placeAugment+place))>>10) / (1 << 53)
	}
	dx, dy := float64(a.Shift*uniform(0)), float64(a.Shift*uniform(1))
	angle := float64(a.Rotate * uniform(2))
	sin := det.Sin(angle)
	cos := det.Sin(math.Pi/2 - math.Abs(angle))
	grid := a.displacements(key)
	cx, cy := float64(width-1)/2, float64(height-1)/2
	for y := range height {
		for x := range width {
			fx, fy := float64(x)-cx, float64(y)-cy
			sx := float64(cos*fx) - float64(sin*fy) + cx + dx
			sy := float64(sin*fx) + float64(cos*fy) + cy + dy
			if a.Elastic > 0 {
				gx, gy := grid.at(float64(x)/float64(width), float64(y)/float64(height))
				sx, sy = sx+gx, sy+gy
			}
			dst[y*width+x] = sampleAt(src, height, width, sx, sy)
		}
	}
}

// displacementGrid holds a displacement at each node of a coarse grid.
type displacementGrid [elasticGrid * elasticGrid][2]float64

func (a Augmentation) displacements(key Key) (g displacementGrid) {
	if a.Elastic == 0 {
		return g
	}
	for n := range g {
		for axis := range 2 {
			// The sum of four uniform numbers of variance 1/3, scaled to variance 1.
			sum := 0.0
			for k := range 4 {
				sum += float64(int64(key.Uint64(placeElastic+uint64(8*n+4*axis+k)))>>10) / (1 << 53)
			}
			g[n][axis] = float64(a.Elastic * float64(sum*math.Sqrt(3.0/4)))
		}
	}
	return g
}

// at interpolates the displacement at (x, y) in [0, 1).
func (g *displacementGrid) at(x, y float64) (dx, dy float64) {
	x, y = float64(x*(elasticGrid-1)), float64(y*(elasticGrid-1))
	ix, iy := min(int(x), elasticGrid-2), min(int(y), elasticGrid-2)
	fx, fy := x-float64(ix), y-float64(iy)
	n := iy*elasticGrid + ix
	mix := func(axis int) float64 {
		top := float64(g[n][axis]*(1-fx)) + float64(g[n+1][axis]*fx)
		bottom := float64(g[n+elasticGrid][axis]*(1-fx)) + float64(g[n+elasticGrid+1][axis]*fx)
		return float64(top*(1-fy)) + float64(bottom*fy)
	}
	return mix(0), mix(1)
}

// sampleAt returns the value of src at (x, y) by bilinear interpolation, 0
// outside.
func sampleAt(src []byte, height, width int, x, y float64) byte {
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(ix), y-float64(iy)
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= width || y >= height {
			return 0
		}
		return float64(src[y*width+x])
	}
	top := float64(at(ix, iy)*(1-fx)) + float64(at(ix+1, iy)*fx)
	bottom := float64(at(ix, iy+1)*(1-fx)) + float64(at(ix+1, iy+1)*fx)
	return byte(math.Floor(float64(top*(1-fy)) + float64(bottom*fy) + 0.5))
}
