package event

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
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
	for _, name := range []string{"t64_x16_y16_on8", "t32_x16_y15_on1", "spif"} {
		f.Add(uint8(slices.Index(names, name)), true, uint8(34), append(packet64Of(Event{T: 3, X: 1, Y: 2, P: 1}), "\x03\x00\x00\x00\x01\x80"...))
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

// FuzzAEDAT4Packet reads any payload of a packet, unpacked and packed by LZ4 and zstd,
// behind any list of streams.
func FuzzAEDAT4Packet(f *testing.F) {
	for _, kind := range []int{0, 1, 3} {
		packet := aedat4Packed(kind, 0, aedat4Events)
		f.Add(uint8(kind), aedat4Info("DVXplorer_1"), packet[aedat4Packet:])
	}
	f.Add(uint8(0), `<dv><node name="0"><attr key="typeIdentifier">EVTS</attr></node></dv>`, cat(le32(24), le32(16), "EVTS", le32(1<<30, 1<<30, 1<<31, 1<<31)))
	f.Fuzz(func(t *testing.T, kind uint8, info string, payload []byte) {
		if len(info) > 1<<12 {
			return
		}
		good := aedat4Packed(0, 0, aedat4Events)
		if k := kind % 5; k != 0 {
			good = aedat4Packed(int(k-1)/2*2+1, 0, aedat4Events)
		}
		data := slices.Concat(aedat4Head(int(kind%5), -1, info), le32(0, uint32(len(payload))), payload, good)
		events, src, err := readAll("aedat4", data, Options{SkipBad: true})
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		if src == nil || err != nil {
			return
		}
		// Whatever the packet holds, the next one is read.
		want := 0
		for _, e := range aedat4Events {
			if !src.Size().Known() || int(e.X) < src.Size().Width && int(e.Y) < src.Size().Height {
				want++
			}
		}
		if number := src.(*aedat4).stream; number == 0 && (len(events) < want || want == len(aedat4Events) && !slices.Equal(events[len(events)-want:], aedat4Events)) {
			t.Fatalf("%d events, want the %d of the second packet at the end", len(events), want)
		}
	})
}

// FuzzTable reads rows of any numbers under any names, with any columns asked for.
func FuzzTable(f *testing.F) {
	f.Add("t,x,y,p", "", []byte{0, 0, 0, 1, 9, 3, 4, 0})
	f.Add("x y t_s p", "t_ms,x,y,p", []byte{1, 2, 250, 1})
	f.Add("", "p,x,y,-,t_us", []byte{1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, names, columns string, data []byte) {
		table := Table{Cols: 4, Size: Size{34, 34}}
		if names != "" {
			table.Names = strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
			table.Cols = len(table.Names)
		}
		if table.Cols == 0 {
			return
		}
		table.Rows = len(data) / table.Cols
		special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0.5, 1e300}
		table.At = func(row, col int) float64 {
			v := int(data[row*table.Cols+col])
			if v >= 250 {
				return special[v-250]
			}
			return float64(v)
		}
		for _, skip := range []bool{false, true} {
			src, err := NewTable(table, Options{Columns: columns, SkipBad: skip})
			if err != nil {
				continue
			}
			events, err := drain(src, 3)
			if err != nil && (skip || !errors.Is(err, ErrMalformed)) {
				t.Fatal(err)
			}
			if err == nil && int64(len(events))+src.Skipped() != int64(table.Rows) {
				t.Fatalf("%d events and %d skipped of %d rows", len(events), src.Skipped(), table.Rows)
			}
			for _, e := range events {
				if e.T < 0 || e.P > 1 || e.X >= 34 || e.Y >= 34 {
					t.Fatalf("event %+v", e)
				}
			}
		}
	})
}

// FuzzText reads lines of text under any columns, which FuzzRead names rarely.
func FuzzText(f *testing.F) {
	f.Add("x,y,p,t_ms", "t,x,y,p\n1,2,3,1\n")
	f.Add("", "# timestamp [ns] x y pol\n1e3 2 3 -1\n")
	f.Add("t_s,x,y,p,-", "0.5;1;2;True;9\n%geometry:3,3\n")
	f.Fuzz(func(t *testing.T, columns, text string) {
		for _, skip := range []bool{false, true} {
			o := Options{Columns: columns, SkipBad: skip}
			events, src, err := readAll("text", []byte(text), o)
			if src == nil {
				if err == nil {
					t.Fatal("neither a source nor an error")
				}
				continue
			}
			if err != nil && !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			slow, err := NewReader("text", iotest.OneByteReader(strings.NewReader(text)), o)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := drain(slow, 3)
			diff(t, again, events)
		}
	})
}

// FuzzPlausible reads events of any times. What is returned is some of them, in their
// order; the others are counted; and how many are read at once changes nothing.
func FuzzPlausible(f *testing.F) {
	f.Add([]byte{1, 1, 0x8f, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{0xf0, 0x10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var all []Event
		now := int64(1) << 40
		for i, b := range data {
			now += int64(int8(b)) << (b % 20)
			all = append(all, Event{T: now, X: uint16(i), Y: uint16(i >> 16)})
		}
		read := func(some, room int) ([]Event, *Plausible) {
			p := NewPlausible(&sized{list{events: all, some: some}})
			got, err := drain(p, room)
			if err != nil {
				t.Fatal(err)
			}
			return got, p
		}
		got, p := read(1000, 1000)
		if int64(len(got))+p.Dropped() != int64(len(all)) {
			t.Fatalf("%d events and %d left out of %d", len(got), p.Dropped(), len(all))
		}
		for i := 1; i < len(got); i++ {
			if a, b := got[i-1], got[i]; int(a.Y)<<16|int(a.X) >= int(b.Y)<<16|int(b.X) {
				t.Fatalf("event %d is returned behind event %d", b.X, a.X)
			}
		}
		if (p.Describe() != "") != (p.Dropped()+p.Back() > 0) {
			t.Fatalf("%d left out, %d back: %q", p.Dropped(), p.Back(), p.Describe())
		}
		again, q := read(1, 3)
		diff(t, again, got)
		if q.Dropped() != p.Dropped() || q.Back() != p.Back() {
			t.Fatalf("one by one %d left out, %d back, at once %d, %d", q.Dropped(), q.Back(), p.Dropped(), p.Back())
		}
	})
}

// sized is a list of events of no known sensor.
type sized struct{ list }

func (*sized) Size() Size     { return Size{} }
func (*sized) Skipped() int64 { return 0 }
