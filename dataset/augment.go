package dataset

import (
	"fmt"
	"math"
	"sync"

	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Augmentation changes a sample, another way for every key. The pixels of an image
// are moved before it is encoded, those of a recording after, and sound and signals are
// changed before they become spikes. The zero value leaves samples as they are.
type Augmentation struct {
	Shift   float64 // pixels: up to so far in each direction
	Rotate  float64 // radians: up to so far in each direction
	Elastic float64 // pixels: standard deviation of a smooth displacement
	Jitter  int     // steps: each spike of a recording up to so many earlier or later

	// Of sound and of signals.
	Speed float64 // share: up to so much faster or slower

	// Of sound.
	Noise float64 // white noise of up to so many times the effective value of the sound that the steps hear
	Delay int     // steps: begins up to so many later, every other time after something up to as loud

	// Of signals.
	Stretch float64 // share: the values of each channel up to so much larger or smaller
}

// still reports whether pixels stay where they are.
func (a Augmentation) still() bool { return a.Shift == 0 && a.Rotate == 0 && a.Elastic == 0 }

// elasticGrid is the number of nodes a side between which the elastic
// displacement is interpolated.
const elasticGrid = 5

// Validate reports an amount that is negative or too large to make sense.
func (a Augmentation) Validate() error {
	for _, p := range []struct {
		name  string
		value float64
		to    float64
	}{
		{"shift", a.Shift, 1000}, {"rotation", a.Rotate, math.Pi / 2}, {"elastic displacement", a.Elastic, 1000},
		{"jitter", float64(a.Jitter), model.MaxSteps}, {"speed", a.Speed, 0.9}, {"stretch", a.Stretch, 0.9}, {"noise", a.Noise, 1000}, {"delay", float64(a.Delay), model.MaxSteps},
	} {
		if !(p.value >= 0 && p.value <= p.to) {
			return fmt.Errorf("dataset: augmentation: %s is %v, expected 0 to %v", p.name, p.value, p.to)
		}
	}
	return nil
}

// Augmented returns the samples of source, each moved as its key chooses. The
// samples must be images (FromImages), which have no jitter, or recordings of
// shape [channels, height, width] or [height, width]; with jitter alone, any
// shape will do.
//
// The pixel (x, y) of an augmented image has the value that the image has, by
// bilinear interpolation, at
//
//	R(angle)·((x, y) − centre) + centre + shift + displacement(x, y)
//
// and 0 outside. Where all that counts is whether a pixel is above a threshold,
// that is what is moved, so that strokes stay as wide as they are: a pixel is
// above it in the augmented image if by interpolation at least half of it is.
//
// A spike or value of a recording at (x, y) goes to the pixel nearest to that
// place, or is dropped outside, and so it is in time. Values that meet are added.
func Augmented(source Source, a Augmentation) (Source, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if a == (Augmentation{}) {
		return source, nil
	}
	switch s := source.(type) {
	case *subset:
		inner, err := Augmented(s.Source, a)
		if err != nil {
			return nil, err
		}
		return &subset{inner, s.indices}, nil
	case *judged:
		if a.Speed != 0 {
			return nil, fmt.Errorf("dataset: augmentation: %w: speed moves steps away from the targets that they have", ErrMismatch)
		}
		inner, err := Augmented(s.Source, a)
		if err != nil {
			return nil, err
		}
		return &judged{inner, s.targets}, nil
	case *signalSource:
		return newAugmentedSignals(s, a)
	case *imageSource:
		if a.Jitter != 0 || a.Speed != 0 || a.Noise != 0 || a.Delay != 0 || a.Stretch != 0 {
			return nil, fmt.Errorf("dataset: augmentation: %w: jitter is for recordings, speed, noise, delay and stretch are for sound and signals; images have no time", ErrMismatch)
		}
		return newAugmentedImages(s, a), nil
	}
	if a.Stretch != 0 {
		return nil, fmt.Errorf("dataset: augmentation: %w: stretch is for signals", ErrMismatch)
	}
	if source.Len() > 0 && soundOf(source, 0) != nil {
		return newAugmentedSounds(source, a)
	}
	if a.Speed != 0 || a.Noise != 0 || a.Delay != 0 {
		return nil, fmt.Errorf("dataset: augmentation: %w: speed is for sound and signals, noise and delay are for sound", ErrMismatch)
	}
	return newAugmentedRecordings(source, a)
}

type augmentedImages struct {
	*imageSource
	amount Augmentation
	pixels sync.Pool
}

func newAugmentedImages(images *imageSource, a Augmentation) *augmentedImages {
	return &augmentedImages{imageSource: images, amount: a, pixels: sync.Pool{New: func() any {
		pixels := make([]byte, images.size)
		return &pixels
	}}}
}

func (s *augmentedImages) Load(dst spike.Input, i int, key Key) error {
	if err := s.check(dst, i); err != nil {
		return err
	}
	pixels := s.pixels.Get().(*[]byte)
	defer s.pixels.Put(pixels)
	s.amount.apply(*pixels, s.images.At(i), s.images.Height, s.images.Width, s.encoder.threshold(), key)
	return s.encoder.Encode(dst, *pixels, key)
}

// Places in a key's stream, beyond those of any encoder.
const (
	placeAugment = 1<<63 + iota<<8
	placeElastic
	placeSound
	placeSignal
	placeNoise  = 1<<63 + 1<<61 // and a place a sample from there
	placeJitter = 1<<63 + 1<<62 // and a place a channel and step from there
)

// apply writes the image src to dst, moved; see Augmented. A cut above 0 says
// that all that counts is which pixels are at least that.
func (a Augmentation) apply(dst, src []byte, height, width, cut int, key Key) {
	m := a.motion(height, width, key)
	for y := range height {
		for x := range width {
			sx, sy := m.from(x, y)
			dst[y*width+x] = sampleAt(src, height, width, cut, sx, sy)
		}
	}
}

// A motion is how the pixels of one sample move.
type motion struct {
	height, width    float64
	centreX, centreY float64
	shiftX, shiftY   float64
	sin, cos         float64
	elastic          bool
	grid             displacementGrid
}

func (a Augmentation) motion(height, width int, key Key) motion {
	uniform := func(place uint64) float64 { // in [−1, 1)
		return float64(int64(key.Uint64(placeAugment+place))>>10) / (1 << 53)
	}
	m := motion{height: float64(height), width: float64(width), elastic: a.Elastic > 0}
	m.centreX, m.centreY = float64(width-1)/2, float64(height-1)/2
	m.shiftX, m.shiftY = float64(a.Shift*uniform(0)), float64(a.Shift*uniform(1))
	angle := float64(a.Rotate * uniform(2))
	m.sin = det.Sin(angle)
	m.cos = det.Sin(math.Pi/2 - math.Abs(angle))
	m.grid = a.displacements(key)
	return m
}

// from returns the place that pixel (x, y) stands for.
func (m *motion) from(x, y int) (sx, sy float64) {
	fx, fy := float64(x)-m.centreX, float64(y)-m.centreY
	sx = float64(m.cos*fx) - float64(m.sin*fy) + m.centreX + m.shiftX
	sy = float64(m.sin*fx) + float64(m.cos*fy) + m.centreY + m.shiftY
	if m.elastic {
		gx, gy := m.grid.at(float64(x)/m.width, float64(y)/m.height)
		sx, sy = sx+gx, sy+gy
	}
	return sx, sy
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
				sum += float64(float64(int64(key.Uint64(placeElastic+uint64(8*n+4*axis+k)))>>10) / (1 << 53))
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
// outside; with a cut above 0, 255 if at least half of it is not below the cut,
// else 0.
func sampleAt(src []byte, height, width, cut int, x, y float64) byte {
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(ix), y-float64(iy)
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= width || y >= height {
			return 0
		}
		v := src[y*width+x]
		if cut == 0 {
			return float64(v)
		}
		if int(v) < cut {
			return 0
		}
		return 255
	}
	top := float64(at(ix, iy)*(1-fx)) + float64(at(ix+1, iy)*fx)
	bottom := float64(at(ix, iy+1)*(1-fx)) + float64(at(ix+1, iy+1)*fx)
	value := float64(top*(1-fy)) + float64(bottom*fy)
	switch {
	case cut == 0:
		return byte(math.Floor(value + 0.5))
	case value < 127.5:
		return 0
	}
	return 255
}
