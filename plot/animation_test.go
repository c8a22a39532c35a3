package plot

import (
	"bytes"
	"errors"
	"image"
	imagedraw "image/draw"
	"image/gif"
	"testing"
	"time"

	"github.com/snurun/snurun/spike"
)

// TestAnimation writes frames that differ, of one size, the same bytes each time.
func TestAnimation(t *testing.T) {
	at := func(frame int) (*Figure, error) {
		x := spike.NewTrain(4, 3)
		for k := range frame + 1 {
			x.At(k).Set(1)
		}
		return Raster([]Activity{{Name: "output", Data: x}}, nil, 1)
	}
	f, err := Animate(4, 100*time.Millisecond, at)
	if err != nil {
		t.Fatal(err)
	}
	var b, again bytes.Buffer
	if err := f.Write(&b, GIF); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(&again, GIF); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("other bytes the second time, error %v", err)
	}
	g, err := gif.DecodeAll(&b)
	if err != nil || len(g.Image) != 4 || g.Delay[0] != 10 || g.Delay[3] != 210 {
		t.Fatalf("%v: %d frames, delays %v", err, len(g.Image), g.Delay)
	}
	if g.LoopCount != 0 {
		t.Errorf("shown %d times, expected for ever", g.LoopCount)
	}
	shown := image.NewRGBA(g.Image[0].Bounds())
	for i, m := range g.Image {
		if i > 0 && m.Bounds().Dx() >= shown.Bounds().Dx() {
			t.Errorf("frame %d is written as a whole", i)
		}
		imagedraw.Draw(shown, m.Bounds(), m, m.Bounds().Min, imagedraw.Src)
		want, err := f.frame(i)
		if err != nil {
			t.Fatal(err)
		}
		for k := 0; k < len(want.Pix); k += 4 {
			if c, got := gifColor(want.Pix[k:]), shown.Pix[k:k+4]; !bytes.Equal(got, []byte{c.R, c.G, c.B, c.A}) {
				t.Fatalf("frame %d: pixel %d is %v, expected %v", i, k/4, got, c)
			}
		}
	}
	b.Reset()
	if err := f.Write(&b, SVG); err != nil || b.Len() == 0 {
		t.Errorf("the last frame as SVG: %v", err)
	}
	for _, n := range []int{0, maxMoving + 1} {
		if _, err := Animate(n, time.Second, at); !errors.Is(err, ErrData) {
			t.Errorf("%d frames: error %v", n, err)
		}
	}
}
