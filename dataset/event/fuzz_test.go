package event

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

// FuzzRead reads any bytes in any format, whole and byte by byte. Both must
// agree, keep the promises of Source and Event, and end in EOF or in one of the
// documented errors. What was read must survive a round trip as text.
func FuzzRead(f *testing.F) {
	names := Formats()
	for _, x := range fixtures {
		for i, name := range names {
			if name == x.format {
				f.Add(uint8(i), false, uint8(0), x.data)
				f.Add(uint8(i), true, uint8(34), x.data)
			}
		}
	}
	for _, text := range []string{"%geometry:34,34\n1,2,1,3.5\n", "240 180\n0.003 1 2 -1\n", "x y t_ns p\n1 2 3e3 True\n"} {
		f.Add(uint8(slices.Index(names, "text")), true, uint8(0), []byte(text))
	}
	f.Fuzz(func(t *testing.T, format uint8, skip bool, side uint8, data []byte) {
		name := names[int(format)%len(names)]
		o := Options{SkipBad: skip, Size: Size{int(side), int(side)}}
		if side == 1 {
			o.Chip = "DAVIS346"
		}
		if side == 2 {
			o.Columns = "x,y,p,t_ms"
		}
		events, src, err := readAll(name, data, o)
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		slow, openErr := NewReader(name, iotest.OneByteReader(bytes.NewReader(data)), o)
		if (openErr != nil) != (src == nil) {
			t.Fatalf("whole: %v, byte by byte: %v", err, openErr)
		}
		if src == nil {
			return
		}
		again, errAgain := drain(slow, 3)
		diff(t, again, events)
		if (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("whole: %v, byte by byte: %v", err, errAgain)
		}
		if src.Skipped() != slow.Skipped() || src.Skipped() > 0 && !skip || src.Size() != slow.Size() {
			t.Fatalf("whole: %d skipped, size %v, byte by byte: %d, %v", src.Skipped(), src.Size(), slow.Skipped(), slow.Size())
		}
		for _, e := range events {
			if e.T < 0 || e.P > 1 || src.Size().Known() && (int(e.X) >= src.Size().Width || int(e.Y) >= src.Size().Height) {
				t.Fatalf("event %+v of a %v sensor", e, src.Size())
			}
		}
		text, err := write("text", src.Size(), events)
		if err != nil {
			t.Fatal(err)
		}
		copied, _, err := readAll("text", text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, copied, events)
	})
}

// FuzzWrite writes any events, five bytes each, in any format. A writer refuses
// them or a reader returns them.
func FuzzWrite(f *testing.F) {
	f.Add(uint8(0), []byte{1, 2, 3, 4, 5, 0x86, 7, 8, 9, 10})
	f.Fuzz(func(t *testing.T, format uint8, data []byte) {
		size := Size{200, 150}
		var events []Event
		var now int64
		for ; len(data) >= 5; data = data[5:] {
			// Time moves by the first byte, as an exponent, and the second.
			now += int64(data[1]) << (data[0] % 28)
			events = append(events, Event{T: now, X: uint16(data[2]), Y: uint16(data[3]), P: data[4] & 1})
		}
		name := writable[int(format)%len(writable)]
		var recording shortFile
		w, err := NewWriter(name, &recording, size)
		if err != nil {
			t.Fatal(err)
		}
		if w.Write(events) != nil || w.Close() != nil {
			return
		}
		got, _, err := readAll(name, recording.Bytes(), Options{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, events)
	})
}

// shortFile refuses to grow beyond 64 KiB: some formats fill long silence with
// records.
type shortFile struct{ bytes.Buffer }

func (f *shortFile) Write(p []byte) (int, error) {
	if f.Len()+len(p) > 1<<16 {
		return 0, errBroken
	}
	return f.Buffer.Write(p)
}

// FuzzBin bins any events. The steps must be in order, hold each event that is
// not late once, and end.
func FuzzBin(f *testing.F) {
	f.Add(uint8(10), false, false, []byte{1, 2, 3, 200, 4, 5})
	f.Fuzz(func(t *testing.T, step uint8, fold, fromZero bool, data []byte) {
		size := Size{16, 16}
		var events []Event
		var now int64
		for _, b := range data {
			now += int64(int8(b)) << (b % 5)
			events = append(events, Event{T: now, X: uint16(b % 16), Y: uint16(b / 16), P: b % 2})
		}
		o := BinOptions{Size: size, Step: int64(step) + 1, FromZero: fromZero, MaxGap: 100}
		if fold {
			o.Late = FoldLate
		}
		b, err := NewBinner(&list{events: events, some: 7}, o)
		if err != nil {
			t.Fatal(err)
		}
		all, binned := int64(len(events)), int64(0)
		var s Step
		for i := int64(0); ; i++ {
			if err = b.Next(&s); err != nil {
				break
			}
			if i > 0 && s.Index != i || len(s.Active) != len(s.Count) {
				t.Fatalf("step %d: %+v", i, s)
			}
			sum := 0
			for k, n := range s.Count {
				sum += int(n)
				if n == 0 || int(s.Active[k]) >= b.Channels() || k > 0 && s.Active[k] <= s.Active[k-1] {
					t.Fatalf("step %d: %+v", i, s)
				}
			}
			if sum != s.Events {
				t.Fatalf("step %d: %d events, counts of %d", i, s.Events, sum)
			}
			binned += int64(sum)
		}
		if !fold {
			binned += b.Late()
		}
		if err == io.EOF && binned != all || err != io.EOF && !errors.Is(err, ErrGap) {
			t.Fatalf("%d of %d events binned: %v", binned, all, err)
		}
	})
}
