package event

import (
	"bytes"
	"os"
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

// TestCasesOfCuts reads recordings after one another of which the first is cut within a
// record: N-MNIST, without a header, and two sessions of EVT 3.
func TestCasesOfCuts(t *testing.T) {
	o := Options{Size: Size{34, 34}}
	for _, name := range []string{"60001", "60004", "60012", "60019", "60062"} {
		one, err := os.ReadFile("../../testdata/nmnist/" + name + ".bs2")
		if err != nil {
			t.Fatal(err)
		}
		whole, _, err := readAll("nmnist", bytes.Repeat(one, 3), o)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut < 60; cut++ {
			got, src, err := readAll("nmnist", slices.Concat(one[:len(one)-cut], bytes.Repeat(one, 3)), o)
			want := (len(one)-cut)/nmnistRecord + len(whole)
			if err != nil || src.Skipped() != 0 || Reframed(src) == 0 && cut%nmnistRecord != 0 || len(got) != want {
				t.Errorf("%s, %d bytes cut: %d events, want %d, cut %d times, %d skipped, %v", name, cut, len(got), want, Reframed(src), src.Skipped(), err)
				continue
			}
			const garbled = 5
			for i, e := range got[len(got)-len(whole)+garbled:] {
				if w := whole[garbled+i]; e.X != w.X || e.Y != w.Y || e.P != w.P {
					t.Errorf("%s, %d bytes cut: event %d behind it is %v, want %v", name, cut, garbled+i, e, w)
					break
				}
			}
		}
	}
	session := benchOf(t, "evt3", randomEvents(20000, Size{128, 128}, 50))
	alone, _, err := readAll("evt3", session, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := readAll("evt3", session[:len(session)-1], Options{SkipBad: true})
	if err != nil {
		t.Fatal(err)
	}
	both, src, err := readAll("evt3", slices.Concat(session[:len(session)-1], session), Options{SkipBad: true})
	if err != nil || Reframed(src) != 1 || len(both) != len(before)+len(alone) || both[0] != alone[0] {
		t.Errorf("two sessions: %d events, want %d and %d, cut %d times, %v", len(both), len(before), len(alone), Reframed(src), err)
	}
}
