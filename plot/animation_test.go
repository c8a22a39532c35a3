package plot

import (
	"bytes"
	"errors"
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
	for i := 1; i < 4; i++ {
		if bytes.Equal(g.Image[i].Pix, g.Image[i-1].Pix) || g.Image[i].Bounds() != g.Image[0].Bounds() {
			t.Errorf("frame %d is as the one before, or of another size", i)
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
