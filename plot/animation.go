package plot

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/gif"
	"io"
	"maps"
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
// becomes the nearest of these. It draws each frame twice, for its colours and for
// its pixels, and keeps none but the last; of each but the first it writes the part
// that changed.
func (f *Figure) writeGIF(w io.Writer) error {
	n := max(f.frames, 1)
	counts := map[color.RGBA]int{}
	var bounds image.Rectangle
	for i := range n {
		m, err := f.frame(i)
		if err != nil {
			return err
		}
		if i == 0 {
			bounds = m.Bounds()
		} else if m.Bounds() != bounds {
			return badData("frame %d is %v, the first %v", i, m.Bounds().Size(), bounds.Size())
		}
		for p := m.Pix; len(p) > 0; p = p[4:] {
			counts[gifColor(p)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	g := gifWriter{w: w, number: map[color.RGBA]uint8{}}
	for _, c := range colours[:min(len(colours), 256)] {
		g.palette = append(g.palette, c)
	}
	for i := range n {
		m, err := f.frame(i)
		if err != nil {
			return err
		}
		delay := f.delay
		if i == n-1 {
			delay += 2 * time.Second
		}
		if err := g.add(m, delay, n > 1); err != nil {
			return err
		}
	}
	_, err := w.Write([]byte{gifTrailer})
	return err
}

// gifColor is the colour of a pixel with five bits a channel, or, of a grey, which the
// edges of letters have many of, one of 16: so few that hardly one is missing in a
// palette.
func gifColor(p []uint8) color.RGBA {
	if p[0] == p[1] && p[1] == p[2] {
		v := uint8((uint(p[0]) + 8) / 17 * 17)
		return color.RGBA{v, v, v, p[3]}
	}
	five := func(v uint8) uint8 { return v&^7 | v>>5 }
	return color.RGBA{five(p[0]), five(p[1]), five(p[2]), p[3]}
}

// frame draws frame i at 96 dots an inch.
func (f *Figure) frame(i int) (*image.RGBA, error) {
	if f.at != nil {
		frame, err := f.at(i)
		if err != nil {
			return nil, err
		}
		frame.Title = f.Title
		f = frame
	}
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.fullHeight()), vgimg.UseDPI(96))
	f.drawOn(canvas{Canvas: draw.New(c), ownFont: true})
	m := image.NewRGBA(c.Image().Bounds())
	imagedraw.Draw(m, m.Bounds(), c.Image(), m.Bounds().Min, imagedraw.Src)
	return m, nil
}

// gifWriter writes frames one by one, which gif.EncodeAll wants all at once.
type gifWriter struct {
	w       io.Writer
	palette color.Palette
	number  map[color.RGBA]uint8 // of a colour in the palette
	last    *image.Paletted
}

// Of the format of GIF: what stands before the table of colours, the extension that
// has an animation begin anew, and what follows the last frame.
const (
	gifHeader  = 6 + 7
	gifLoop    = "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
	gifTrailer = 0x3b
)

func (g *gifWriter) add(m *image.RGBA, delay time.Duration, moving bool) error {
	p := image.NewPaletted(m.Bounds(), g.palette)
	for k := range p.Pix {
		c := gifColor(m.Pix[4*k:])
		at, ok := g.number[c]
		if !ok {
			at = uint8(g.palette.Index(c))
			g.number[c] = at
		}
		p.Pix[k] = at
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{
		Image:  []*image.Paletted{p.SubImage(changed(g.last, p)).(*image.Paletted)},
		Delay:  []int{int(delay / (10 * time.Millisecond))},
		Config: image.Config{ColorModel: g.palette, Width: p.Bounds().Dx(), Height: p.Bounds().Dy()},
	})
	if err != nil {
		return err
	}
	data := b.Bytes()
	table := gifHeader + 3<<(data[10]&7+1)
	head, frame := data[:table], data[table:len(data)-1]
	if g.last != nil {
		head = nil
	} else if moving {
		head = append(slices.Clone(head), gifLoop...)
	}
	g.last = p
	for _, part := range [][]byte{head, frame} {
		if _, err := g.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// changed returns the rectangle outside of which two frames are equal, at least one
// pixel; all of the second without a first.
func changed(a, b *image.Paletted) image.Rectangle {
	if a == nil {
		return b.Bounds()
	}
	var r image.Rectangle
	for k := range b.Pix {
		if a.Pix[k] != b.Pix[k] {
			x, y := k%b.Stride, k/b.Stride
			r = r.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	if r.Empty() {
		return image.Rect(0, 0, 1, 1)
	}
	return r
}
