package stream

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset/event"
)

func listenAt(t *testing.T, address, format string) *Listener {
	t.Helper()
	l, err := Listen(context.Background(), address, format)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// send sends each part in a datagram or a connection of its own.
func send(t *testing.T, l *Listener, parts ...[]byte) {
	t.Helper()
	for _, part := range parts {
		conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListen receives events in every packet form, with a part of one at the end of a
// datagram or a connection, and lines without an end.
func TestListen(t *testing.T) {
	t.Parallel()
	want := []event.Event{{T: 3, X: 1, Y: 2, P: 1}, {T: 4, X: 5, Y: 6}, {T: 1 << 20, X: 7, Y: 8, P: 1}}
	encode := map[string]func(e event.Event) []byte{
		"t64_x16_y16_on8": func(e event.Event) []byte {
			b := binary.LittleEndian.AppendUint64(nil, uint64(e.T))
			b = binary.LittleEndian.AppendUint16(b, e.X)
			return append(binary.LittleEndian.AppendUint16(b, e.Y), e.P)
		},
		"t32_x16_y15_on1": func(e event.Event) []byte {
			b := binary.LittleEndian.AppendUint32(nil, uint32(e.T))
			b = binary.LittleEndian.AppendUint16(b, e.X)
			return binary.LittleEndian.AppendUint16(b, e.Y<<1|uint16(e.P))
		},
		"spif": func(e event.Event) []byte {
			b := binary.LittleEndian.AppendUint32(nil, uint32(e.X)<<16|uint32(e.P)<<15|uint32(e.Y))
			return binary.LittleEndian.AppendUint32(b, uint32(e.T))
		},
	}
	for format, encode := range encode {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(format+" "+network, func(t *testing.T) {
				t.Parallel()
				l := listenAt(t, network+"://127.0.0.1:0", format)
				src, err := event.NewReader(format, l, event.Options{})
				if err != nil {
					t.Fatal(err)
				}
				first := slices.Concat(encode(want[0]), encode(want[1]))
				var got []event.Event
				buf := make([]event.Event, 8)
				for i, part := range [][]byte{append(first, encode(want[2])[:7]...), encode(want[2])} {
					send(t, l, part)
					for len(got) < 2+i {
						n, err := src.Read(buf)
						if err != nil {
							t.Fatal(err)
						}
						got = append(got, buf[:n]...)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%v, expected %v", got, want)
				}
				l.Close()
				if _, err := src.Read(buf); err != io.EOF {
					t.Errorf("%v after Close, expected io.EOF", err)
				}
			})
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		l := listenAt(t, network+"://127.0.0.1:0", Spikes)
		send(t, l, []byte("1 2"))
		text := make([]byte, 16)
		if n, err := io.ReadFull(l, text[:4]); err != nil || string(text[:n]) != "1 2\n" {
			t.Errorf("%q %v", text[:n], err)
		}
		send(t, l, []byte("3\n"))
		if n, err := io.ReadFull(l, text[:2]); err != nil || string(text[:n]) != "3\n" {
			t.Errorf("%q %v", text[:n], err)
		}
	}
}

// TestListenStamps holds that words of SPIF without a time get one that grows.
func TestListenStamps(t *testing.T) {
	t.Parallel()
	l := listenAt(t, "udp://127.0.0.1:0", "spif")
	src, err := event.NewReader("spif", l, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	for range 2 {
		send(t, l, binary.LittleEndian.AppendUint32(nil, 1<<31|5<<16|6))
		buf := make([]event.Event, 1)
		if n, err := src.Read(buf); err != nil || n != 1 || buf[0].X != 5 || buf[0].Y != 6 || buf[0].T <= last {
			t.Errorf("%v %v after time %d", buf, err, last)
		}
		last = buf[0].T
		time.Sleep(time.Millisecond)
	}
}

func TestListenRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:1", "unix:///x", "udp://"} {
		if _, err := Listen(context.Background(), address, "spif"); err == nil || !strings.Contains(err.Error(), "expected udp://HOST:PORT or tcp://HOST:PORT") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := Listen(context.Background(), "tcp://127.0.0.1:99999", "spif"); err == nil {
		t.Error("a port that there is not was taken")
	}
}

// TestListenClose ends a read that waits for a connection that says nothing more.
func TestListenClose(t *testing.T) {
	t.Parallel()
	l := listenAt(t, "tcp://127.0.0.1:0", Spikes)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(l, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := l.Read(make([]byte, 1))
		ended <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("%v, expected %v", err, io.EOF)
	}
}
