package stream

import (
	"bytes"
	"reflect"
	"testing"
	"testing/iotest"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// FuzzInput reads anything in every form, whole and byte by byte, to the same
// steps, none of which the network refuses.
func FuzzInput(f *testing.F) {
	for i, format := range formats {
		f.Add(byte(4*i+4), recordLines(f, format, randomEvents(5)))
	}
	f.Add(byte(1), []byte("1 2,3\n\n#\n60\n"))
	f.Add(byte(4*len(formats)+1), []byte(`{"spikes":[1,2],"step":3}`+"\n"+`{"step":9,"spikes":[]}`+"\n"+`{"values":[1e3]}`))
	f.Fuzz(func(t *testing.T, how byte, data []byte) {
		if len(data) > 4096 {
			return // many steps, nothing new
		}
		format := append([]string{Spikes}, formats...)[int(how/4)%(len(formats)+1)]
		o := InputOptions{Format: format, SkipBad: how&1 != 0, Late: event.LatePolicy(how >> 1 & 1), Gap: 20 * time.Millisecond}
		m := network(model.SpikeCount)
		in := newInput(t, bytes.NewReader(data), m, o)
		got, err := frames(in)
		slow := newInput(t, iotest.OneByteReader(bytes.NewReader(data)), m, o)
		again, errAgain := frames(slow)
		if !reflect.DeepEqual(got, again) || in.Late() != slow.Late() || in.Skipped() != slow.Skipped() || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("%s: %d steps, error %v, byte by byte: %d steps, error %v", format, len(got), err, len(again), errAgain)
		}
		w := newWindows(t, m, WindowOptions{Steps: 2})
		for _, frame := range got {
			if _, err := w.Step(frame.Input, 0); err != nil {
				t.Fatal(err)
			}
		}
	})
}
