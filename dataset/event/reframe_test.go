package event

import (
	"bytes"
	"slices"
	"testing"
	"testing/iotest"
)

// TestCutStream cuts a recording within a record, at every byte of one, and lets
// another follow, with its header if the format has one. The events of the second
// must come, but for the first few where no header tells, and of the first what was
// before the cut; up to two may be garbled.
func TestCutStream(t *testing.T) {
	size := Size{34, 34}
	events := randomEvents(300, size, 1000)
	for _, format := range []string{"nmnist", "aedat2", "aedat3", "evt2", "evt21", "evt3", "dat", "es"} {
		data := benchOf(t, format, events)
		whole, _, err := readAll(format, data, Options{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		for cut := len(data) - 21; cut < len(data)-1; cut++ {
			before, _, err := readAll(format, data[:cut], Options{Size: size, SkipBad: true})
			if err != nil {
				t.Fatal(err)
			}
			stream := slices.Concat(data[:cut], data)
			src, err := NewReader(format, bytes.NewReader(stream), Options{Size: size, SkipBad: true})
			if err != nil {
				t.Fatal(err)
			}
			got, err := drain(src, 100)
			if err != nil {
				t.Fatalf("%s, cut at %d: %v", format, cut, err)
			}
			if n := len(got) - len(whole); n < len(before)-3 || n > len(before)+2 {
				t.Errorf("%s, cut at %d: %d events, want %d and %d", format, cut, len(got), len(before), len(whole))
				continue
			}
			const few = 4
			tail := got[len(got)-len(whole)+few:]
			offset := tail[0].T - whole[few].T
			for i, e := range tail {
				w := whole[i+few]
				if w.T += offset; e != w {
					t.Errorf("%s, cut at %d: event %d behind it is %v, want %v", format, cut, i, e, w)
					break
				}
			}
			if Reframed(src) == 0 && (format != "nmnist" || cut%nmnistRecord != 0) {
				t.Errorf("%s, cut at %d: not noticed", format, cut)
			}
			slow, err := NewReader(format, iotest.OneByteReader(bytes.NewReader(stream)), Options{Size: size, SkipBad: true})
			if err != nil {
				t.Fatal(err)
			}
			again, err := drain(slow, 7)
			if err != nil || !slices.Equal(again, got) || Reframed(slow) != Reframed(src) {
				t.Errorf("%s, cut at %d, byte by byte: %d events, want %d; %v", format, cut, len(again), len(got), err)
			}
		}
	}
}

func TestCasesOfCuts(t *testing.T) {
	clean, _ := readCase(t, "22-concat/nmnist_clean.bs2", Options{Size: Size{34, 34}})
	killed, f := readCase(t, "22-concat/nmnist_killed.bs2", Options{Size: Size{34, 34}})
	if Reframed(f) != 1 || f.Skipped() != 0 || len(killed) != len(clean) {
		t.Errorf("a cut N-MNIST stream: %d events of %d, cut %d times, %d skipped", len(killed), len(clean), Reframed(f), f.Skipped())
	}
	both, f := readCase(t, "22-concat/fifo_killed.raw", Options{SkipBad: true})
	if first, last := (Event{5000, 100, 200, 0}), (Event{1004950, 831, 239, 1}); Reframed(f) != 1 || len(both) != 39999 || both[0] != first || both[39998] != last {
		t.Errorf("two sessions: %d events, cut %d times, %v … %v", len(both), Reframed(f), both[0], both[len(both)-1])
	}
}
