package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grayImage returns an image with the given pixels.
func grayImage(height, width int, pix []byte) *image.Gray {
	return &image.Gray{Pix: pix, Stride: width, Rect: image.Rect(0, 0, width, height)}
}

func readPNG(t *testing.T, img image.Image, height, width int) []byte {
	t.Helper()
	pix, err := ReadPicture(bytes.NewReader(encodePNG(t, img)), "x", height, width, PictureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pix
}

func TestPNGOfTheRightSizeIsExact(t *testing.T) {
	set := sample(t)
	for i := range 10 {
		x := set.At(i)
		if got := readPNG(t, grayImage(28, 28, x), 28, 28); !bytes.Equal(got, x) {
			t.Errorf("digit %d changed", i)
		}
		// Dark on light is inverted.
		inverted := make([]byte, len(x))
		for k, v := range x {
			inverted[k] = 255 - v
		}
		if got := readPNG(t, grayImage(28, 28, inverted), 28, 28); !bytes.Equal(got, x) {
			t.Errorf("digit %d in dark on light changed", i)
		}
	}
}

func TestPNGColours(t *testing.T) {
	// A white border with one pixel in the middle: dark on light.
	for name, c := range map[string]struct {
		back, dot color.Color
		want      byte
	}{
		"black on white":           {color.White, color.Black, 255},
		"black on transparent":     {color.Transparent, color.Black, 255},
		"half black on white":      {color.White, color.NRGBA{0, 0, 0, 128}, 128},
		"white on black":           {color.Black, color.White, 255},
		"16-bit gray on black":     {color.Black, color.Gray16{0x8080}, 128},
		"red on black":             {color.Black, color.RGBA{255, 0, 0, 255}, 76},
		"green on black":           {color.Black, color.RGBA{0, 255, 0, 255}, 150},
		"blue on black":            {color.Black, color.RGBA{0, 0, 255, 255}, 29},
		"black on just above half": {color.Gray{128}, color.Black, 255},
	} {
		img := image.NewNRGBA64(image.Rect(0, 0, 3, 3))
		for i := range 9 {
			img.Set(i%3, i/3, c.back)
		}
		img.Set(1, 1, c.dot)
		if got := readPNG(t, img, 3, 3); got[4] != c.want {
			t.Errorf("%s: %v, expected %d in the middle", name, got, c.want)
		}
	}
	// A border of exactly one half stays.
	if got := readPNG(t, &image.Gray16{Pix: []byte{0x7f, 0xff}, Stride: 2, Rect: image.Rect(0, 0, 1, 1)}, 1, 1); got[0] != 127 {
		t.Errorf("one half became %d", got[0])
	}
}

// areaOracle averages in floating point over a grid that is finer than both.
func areaOracle(pix []byte, gh, gw, height, width int) []float64 {
	h, w := height, width
	if scale := math.Min(float64(height)/float64(gh), float64(width)/float64(gw)); true {
		h = max(1, int(math.Floor(float64(gh)*scale+0.5+1e-9)))
		w = max(1, int(math.Floor(float64(gw)*scale+0.5+1e-9)))
	}
	out := make([]float64, height*width)
	for y := range gh * h {
		for x := range gw * w {
			out[((height-h)/2+y/gh)*width+(width-w)/2+x/gw] += float64(pix[y/h*gw+x/w]) / float64(gh*gw)
		}
	}
	return out
}

func TestPNGScales(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range [][4]int{
		{56, 56, 28, 28}, {28, 28, 14, 14}, {30, 20, 28, 28}, {20, 30, 28, 28}, {7, 5, 28, 28},
		{1, 40, 8, 8}, {40, 1, 8, 8}, {3, 3, 1, 1}, {1, 1, 3, 5}, {9, 13, 5, 4}, {13, 9, 4, 5},
	} {
		gh, gw, height, width := c[0], c[1], c[2], c[3]
		pix := make([]byte, gh*gw)
		for i := range pix {
			pix[i] = byte(r.IntN(110)) // on average dark
		}
		got := readPNG(t, grayImage(gh, gw, pix), height, width)
		for i, want := range areaOracle(pix, gh, gw, height, width) {
			if math.Abs(float64(got[i])-want) > 0.501 {
				t.Errorf("%d×%d to %d×%d: pixel %d is %d, expected %.2f", gh, gw, height, width, i, got[i], want)
				break
			}
		}
	}
}

// hugePNG returns the head of a PNG file that announces a size.
func hugePNG(width, height uint32) []byte {
	ihdr := append([]byte("IHDR"), make([]byte, 8)...)
	binary.BigEndian.PutUint32(ihdr[4:], width)
	binary.BigEndian.PutUint32(ihdr[8:], height)
	ihdr = append(ihdr, 8, 0, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
}

func TestReadPictureRefuses(t *testing.T) {
	good := encodePNG(t, grayImage(2, 2, []byte{0, 0, 0, 0}))
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "unknown format"},
		"text":            {[]byte("this is no picture"), "unknown format"},
		"cut":             {good[:len(good)-20], ""},
		"wide":            {hugePNG(1<<15, 1), "1×32768"},
		"many pixels":     {hugePNG(1<<13, 1<<13), "8192×8192"},
		"more than bytes": {hugePNG(1<<12, 1<<10), "file of 33 bytes"},
	} {
		_, err := ReadPicture(bytes.NewReader(c.data), "the picture", 28, 28, PictureOptions{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the picture") {
			t.Errorf("%s: %v, expected an ErrFormat with %q", name, err, c.want)
		}
	}
	for _, c := range [][2]int{{0, 1}, {1, 0}, {-1, 5}, {1 << 15, 1}, {1 << 13, 1 << 13}} {
		if _, err := ReadPicture(bytes.NewReader(good), "x", c[0], c[1], PictureOptions{}); err == nil {
			t.Errorf("scaled to %d×%d", c[0], c[1])
		}
	}
	broken := errors.New("broken")
	if _, err := ReadPicture(iotest.ErrReader(broken), "x", 1, 1, PictureOptions{}); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
	if _, err := ReadPicture(zeros{}, "x", 1, 1, PictureOptions{}); !errors.Is(err, ErrFormat) {
		t.Errorf("an endless stream: %v", err)
	}
}

// zeros is an endless stream.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func FuzzReadPicture(f *testing.F) {
	f.Add(encodePNG(f, grayImage(3, 4, make([]byte, 12))), uint8(3), uint8(4))
	f.Add(encodePNG(f, image.NewNRGBA64(image.Rect(0, 0, 5, 2))), uint8(28), uint8(28))
	f.Add(encodePNG(f, image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.White, color.Black})), uint8(4), uint8(3))
	f.Add(hugePNG(100, 100), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, height, width uint8) {
		pix, err := ReadPicture(bytes.NewReader(data), "x", int(height), int(width), PictureOptions{})
		if err == nil && len(pix) != int(height)*int(width) {
			t.Fatalf("%d pixels for %d×%d", len(pix), height, width)
		}
	})
}

// TestFlatPicture remarks on a picture of which the network sees little.
func TestFlatPicture(t *testing.T) {
	for _, c := range []struct {
		w, h int
		odd  bool
	}{{40, 40, false}, {40, 30, false}, {50, 28, false}, {60, 28, true}, {28, 60, true}, {400, 28, true}} {
		img := image.NewGray(image.Rect(0, 0, c.w, c.h))
		for y := c.h / 4; y < c.h*3/4; y++ {
			for x := c.w / 4; x < c.w/2; x++ {
				img.SetGray(x, y, color.Gray{255})
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		pixels, size, err := readPicture(&b, "p", 28, 28, PictureOptions{})
		if err != nil || size != image.Pt(c.w, c.h) {
			t.Fatalf("%d×%d: size %v, %v", c.w, c.h, size, err)
		}
		var said []string
		r := Reading{Remark: func(r Remark) { said = append(said, r.Text) }}
		if err := r.remarkPicture("p", pixels, 28, 28, size); err != nil {
			t.Fatal(err)
		}
		if odd := len(said) > 0 && strings.Contains(said[0], fmt.Sprintf("a picture of %d×%d pixels", c.w, c.h)); odd != c.odd {
			t.Errorf("%d×%d: %q, expected a remark: %v", c.w, c.h, said, c.odd)
		}
	}
}
