package plot

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/gif"
	"io"
	"slices"
	"time"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// GIF is the format of figures that move, at 96 dots an inch. Other formats show the
// last frame.
const GIF Format = "gif"

// maxMoving bounds the frames of an animation.
const maxMoving = 1000

// Animate returns a figure of frames of one size, each shown for as long as delay says,
// the last for two seconds longer, over and over. Frames are written one by one: a
// call of at must always give the same.
func Animate(frames int, delay time.Duration, at func(frame int) (*Figure, error)) (*Figure, error) {
	if frames < 1 || frames > maxMoving || delay < 10*time.Millisecond || delay > time.Minute {
		return nil, badData("%d frames of %v, expected 1 to %d of 10ms to 1m", frames, delay, maxMoving)
	}
	last, err := at(frames - 1)
	if err != nil {
		return nil, err
	}
	f := *last
	f.frames, f.delay, f.at = frames, delay, at
	return &f, nil
}

// writeGIF writes all frames with the 256 colours that they have most of; any other
// becomes the nearest of these.
func (f *Figure) writeGIF(w io.Writer) error {
	n := max(f.frames, 1)
	images := make([]*image.RGBA, n)
	counts := map[color.RGBA]int{}
	for i := range images {
		frame := f
		if f.at != nil {
			var err error
			if frame, err = f.at(i); err != nil {
				return err
			}
			frame.Title = f.Title
		}
		images[i] = frame.image()
		if b := images[i].Bounds(); b != images[0].Bounds() {
			return badData("frame %d is %v, the first %v", i, b.Size(), images[0].Bounds().Size())
		}
		for p := images[i].Pix; len(p) > 0; p = p[4:] {
			counts[color.RGBA{p[0], p[1], p[2], p[3]}]++
		}
	}
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	number := map[color.RGBA]uint8{}
	g := &gif.GIF{}
	for i, m := range images {
		p := image.NewPaletted(m.Bounds(), palette)
		for k := range p.Pix {
			q := m.Pix[4*k:]
			c := color.RGBA{q[0], q[1], q[2], q[3]}
			at, ok := number[c]
			if !ok {
				at = uint8(palette.Index(c))
				number[c] = at
			}
			p.Pix[k] = at
		}
		delay := int(f.delay / (10 * time.Millisecond))
		if i == n-1 {
			delay += 200
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, delay)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// image draws the figure at 96 dots an inch.
func (f *Figure) image() *image.RGBA {
	height := onGrid(f.height)
	if f.Title != "" {
		height += titleBand
	}
	c := vgimg.NewWith(vgimg.UseWH(f.width, height), vgimg.UseDPI(96))
	f.drawOn(canvas{draw.New(c), true})
	m := image.NewRGBA(c.Image().Bounds())
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			m.Set(x, y, c.Image().At(x, y))
		}
	}
	return m
}
