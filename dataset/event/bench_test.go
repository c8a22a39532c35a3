package event

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
)

// benchData returns a long recording.
func benchData(t testing.TB, format string) []byte {
	t.Helper()
	return benchOf(t, format, randomEvents(100_000, Size{128, 128}, 1000))
}

// benchOf returns a recording of events.
func benchOf(t testing.TB, format string, events []Event) []byte {
	t.Helper()
	size := Size{128, 128}
	switch format {
	case "aedat2":
		b := []byte(aedat2Head)
		for _, e := range events {
			b = binary.BigEndian.AppendUint32(b, uint32(e.Y)<<8|uint32(e.X)<<1|uint32(e.P))
			b = binary.BigEndian.AppendUint32(b, uint32(e.T))
		}
		return b
	case "aedat4":
		b := aedat4Head(1, -1, aedat4Info("a"))
		for ; len(events) > 0; events = events[min(2000, len(events)):] {
			b = append(b, aedat4Packed(1, 0, events[:min(2000, len(events))])...)
		}
		return b
	case "evt21":
		b, high := []byte(evt21Head), int64(-1)
		for _, e := range events {
			if e.T>>6 != high {
				high = e.T >> 6
				b = append(b, le32(0, 8<<28|uint32(high))...)
			}
			b = append(b, le32(1, uint32(e.P)<<28|uint32(e.T&0x3f)<<22|uint32(e.X)<<11|uint32(e.Y))...)
		}
		return b
	case "t64_x16_y16_on8", "t32_x16_y15_on1", "spif":
		var b []byte
		for _, e := range events {
			switch format {
			case "t64_x16_y16_on8":
				b = append(b, packet64Of(e)...)
			case "spif":
				b = append(b, le32(uint32(e.X)<<16|uint32(e.P)<<15|uint32(e.Y), uint32(e.T))...)
			default:
				b = append(b, le32(uint32(e.T), uint32(e.X)|uint32(e.Y<<1|uint16(e.P))<<16)...)
			}
		}
		return b
	case "dat":
		b := cat(datHead, 12, 8)
		for _, e := range events {
			b = append(b, le32(uint32(e.T), uint32(e.X)|uint32(e.Y)<<14|uint32(e.P)<<28)...)
		}
		return b
	}
	data, err := write(format, size, events)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func BenchmarkRead(b *testing.B) {
	for _, format := range Formats() {
		b.Run("format="+format, func(b *testing.B) {
			data := benchData(b, format)
			b.SetBytes(int64(len(data)))
			buf := make([]Event, 1024)
			events := 0
			for b.Loop() {
				src, err := NewReader(format, bytes.NewReader(data), Options{})
				if err != nil {
					b.Fatal(err)
				}
				for {
					n, err := src.Read(buf)
					events += n
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	size := Size{128, 128}
	events := randomEvents(100_000, size, 1000)
	for _, format := range writable {
		b.Run("format="+format, func(b *testing.B) {
			for b.Loop() {
				w, err := NewWriter(format, io.Discard, size)
				if err != nil {
					b.Fatal(err)
				}
				if err := w.Write(events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(events))/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkBin(b *testing.B) {
	for _, c := range []struct {
		size Size
		step int64
	}{{Size{34, 34}, 1000}, {Size{128, 128}, 1000}, {Size{1280, 720}, 1000}, {Size{1280, 720}, 100_000}} {
		b.Run(fmt.Sprintf("size=%v/step=%d", c.size, c.step), func(b *testing.B) {
			bin, err := NewBinner(&endless{events: randomEvents(100_000, c.size, 1)}, BinOptions{Size: c.size, Step: c.step})
			if err != nil {
				b.Fatal(err)
			}
			var s Step
			events := 0
			for b.Loop() {
				if err := bin.Next(&s); err != nil {
					b.Fatal(err)
				}
				events += s.Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
