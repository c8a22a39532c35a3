package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"io"
)

// Limits of a picture: the bytes of its file, its sides and their product, and
// how many pixels a byte can hold, 8 of one bit at deflate's best ratio of 1032.
const (
	maxPicture       = 64 << 20
	maxSide          = 1 << 14
	maxPixels        = 1 << 24
	maxPixelsPerByte = 8 * 1032
)

// PictureOptions say how a picture becomes a digit, light on dark. The zero value
// looks at the picture.
type PictureOptions struct {
	// Invert says whether the picture is dark on light, and so is inverted; nil
	// stands for yes if its outermost pixels are on average brighter than one half.
	Invert *bool

	// Level is the intensity, of 255, below which a pixel of the digit is paper and
	// becomes 0, after inverting and scaling.
	Level int
}

// ReadPicture reads a picture, PNG or JPEG, as the intensities of one digit of
// height × width pixels, light on dark as in MNIST:
//
//   - Colours become luminance (ITU-R BT.601), over white where they are
//     transparent.
//   - A picture that is dark on light is inverted, see PictureOptions.
//   - A picture of another size is scaled by area averaging so that it just
//     fits, its proportions kept, and centred on black.
//
// Name is that of the stream in errors; those of malformed data are ErrFormat.
func ReadPicture(r io.Reader, name string, height, width int, o PictureOptions) ([]byte, error) {
	pixels, _, err := readPicture(r, name, height, width, o)
	return pixels, err
}

// readPicture is ReadPicture, and says how many pixels the picture has.
func readPicture(r io.Reader, name string, height, width int, o PictureOptions) ([]byte, image.Point, error) {
	var size image.Point
	if min(height, width) < 1 || max(height, width) > maxSide || height*width > maxPixels {
		return nil, size, fmt.Errorf("dataset: %s: %d×%d is no size to scale to, expected sides of 1 to %d and at most %d pixels", name, height, width, maxSide, maxPixels)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
	if err != nil {
		return nil, size, fmt.Errorf("dataset: %s: %w", name, err)
	}
	if len(data) > maxPicture {
		return nil, size, fmt.Errorf("dataset: %s: %w: more than %d bytes", name, ErrFormat, maxPicture)
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, size, fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	}
	limit := min(maxPixels, maxPixelsPerByte*uint64(len(data)))
	if h, w := config.Height, config.Width; max(h, w) > maxSide || uint64(h*w) > limit {
		return nil, size, fmt.Errorf("dataset: %s: %w: %d×%d pixels, expected sides of at most %d and, for a file of %d bytes, at most %d pixels", name, ErrFormat, h, w, maxSide, len(data), limit)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, size, fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	}
	g := toGray(img)
	invert := g.bright()
	if o.Invert != nil {
		invert = *o.Invert
	}
	if invert {
		for i, v := range g.pix {
			g.pix[i] = white - v
		}
	}
	pixels := g.fit(height, width)
	for i, v := range pixels {
		if int(v) < o.Level {
			pixels[i] = 0
		}
	}
	return pixels, image.Pt(g.width, g.height), nil
}

// remarkPicture says what is odd about the pixels of a digit, height × width from a
// picture of a size: ink on most of them is paper that is not quite white, ink on none
// an empty sheet; a picture that is much wider or higher leaves most of them empty.
func (o *Reading) remarkPicture(name string, pixels []byte, height, width int, size image.Point) error {
	if h, w := fitted(size.Y, size.X, height, width); 2*h*w < height*width {
		text := "a picture of %d×%d pixels, scaled with its proportions, fills %d×%d of %d×%d: the network sees little of it, cut it to what is to be classified"
		if err := o.remark(name, RemarkPicture, int64(h*w), text, size.X, size.Y, w, h, width, height); err != nil {
			return err
		}
	}
	const (
		contrast = 16 // of 255, below which there is no ink
		faint    = 32 // of 255, below which most ink is not
	)
	lit, pale, low, high := 0, 0, byte(255), byte(0)
	var histogram [256]int
	for _, v := range pixels {
		if v > 0 {
			lit++
		}
		if v > 0 && v < faint {
			pale++
		}
		low, high = min(low, v), max(high, v)
		histogram[v]++
	}
	const advice = "--level %d takes what is darker for paper, --invert no or yes overrides what is taken for ink"
	switch {
	case high-low < contrast:
		return o.remark(name, RemarkPicture, int64(len(pixels)), "an empty sheet: all pixels are between %d and %d of 255", low, high)
	case 2*lit > len(pixels):
		// The paper is the darker half of the pixels.
		paper, seen := 0, 0
		for ; seen < len(pixels)/2; paper++ {
			seen += histogram[paper]
		}
		return o.remark(name, RemarkPicture, int64(lit), "%d of %d pixels are not black, as of paper that is not quite white: "+advice, lit, len(pixels), min(paper+contrast, int(high)))
	case 2*pale > lit:
		return o.remark(name, RemarkPicture, int64(pale), "%d of %d pixels that are not black are nearly so, as around ink that was stored as JPEG: "+advice, pale, lit, faint)
	}
	return nil
}

// white is full intensity in 16 bits.
const white = 0xffff

// gray is a grey image with 16 bits a pixel, row after row.
type gray struct {
	height, width int
	pix           []uint16
}

// toGray returns the luminance of an image over white.
func toGray(img image.Image) gray {
	b := img.Bounds()
	g := gray{b.Dy(), b.Dx(), make([]uint16, 0, b.Dy()*b.Dx())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := img.At(x, y)
			_, _, _, alpha := c.RGBA()
			// Colours come multiplied by alpha: the sum is at most white.
			luminance := uint32(color.Gray16Model.Convert(c).(color.Gray16).Y)
			g.pix = append(g.pix, uint16(luminance+white-alpha))
		}
	}
	return g
}

// bright reports whether the border is on average brighter than one half.
func (g *gray) bright() bool {
	sum, n := uint64(0), uint64(0)
	for y := range g.height {
		for x := range g.width {
			if y == 0 || x == 0 || y == g.height-1 || x == g.width-1 {
				sum += uint64(g.pix[y*g.width+x])
				n++
			}
		}
	}
	return 2*sum > n*white
}

// fit scales the image into height × width bytes.
func (g *gray) fit(height, width int) []byte {
	out := make([]byte, height*width)
	h, w := fitted(g.height, g.width, height, width)
	top, left := (height-h)/2, (width-w)/2
	area := uint64(g.height) * uint64(g.width)
	for i := range h {
		for j := range w {
			// In units of 1/h and 1/w of a pixel, output pixel (i, j) covers
			// g.height × g.width, and input pixel (y, x) is h × w.
			sum := uint64(0)
			for y := i * g.height / h; y*h < (i+1)*g.height; y++ {
				dy := min((y+1)*h, (i+1)*g.height) - max(y*h, i*g.height)
				for x := j * g.width / w; x*w < (j+1)*g.width; x++ {
					dx := min((x+1)*w, (j+1)*g.width) - max(x*w, j*g.width)
					sum += uint64(dy*dx) * uint64(g.pix[y*g.width+x])
				}
			}
			out[(top+i)*width+left+j] = byte((sum*255 + area*white/2) / (area * white))
		}
	}
	return out
}

// fitted returns the size to which a picture is scaled: as high or as wide as height ×
// width, whichever is tighter.
func fitted(h, w, height, width int) (int, int) {
	if h*width > height*w {
		return height, max(1, round(w*height, h))
	}
	return max(1, round(h*width, w)), width
}

// round returns a/b rounded to the nearest integer.
func round(a, b int) int { return (a + b/2) / b }
