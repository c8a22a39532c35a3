package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/snurun/snurun/dataset/event"
)

// maxDatagram is the longest datagram that UDP carries.
const maxDatagram = 1 << 16

// Listen returns the input that arrives at an address, udp://HOST:PORT or
// tcp://HOST:PORT, in one of Formats, until it is closed.
//
// Datagrams follow each other, whoever sends them. Of TCP one connection is read at a
// time; when it ends the next one goes on. What is cut off at the end of a datagram or
// a connection is left out where records have no header, in the packet forms of
// AEStream and faery; a line ends there. Words of SPIF without a time get that at
// which they arrive.
//
// A camera has no way to say who it is: whoever reaches the address can send.
func Listen(ctx context.Context, address, format string) (*Listener, error) {
	network, where, ok := strings.Cut(address, "://")
	if !ok || network != "udp" && network != "tcp" || where == "" {
		return nil, fmt.Errorf("stream: address %q, expected udp://HOST:PORT or tcp://HOST:PORT", address)
	}
	l := &Listener{format: format, buf: make([]byte, maxDatagram)}
	var c net.ListenConfig
	var err error
	if network == "udp" {
		l.packets, err = c.ListenPacket(ctx, network, where)
	} else {
		l.connections, err = c.Listen(ctx, network, where)
	}
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return l, nil
}

// Listener is input that comes over the network. One goroutine at a time may read it,
// and any close it. Listen makes one.
type Listener struct {
	format      string
	packets     net.PacketConn // or
	connections net.Listener

	lock   sync.Mutex
	conn   net.Conn // that is read, nil between two
	closed bool

	lines bool
	first time.Time // arrival of the first datagram or part of a connection

	buf  []byte
	kept int    // bytes of buf that are no whole event yet
	rest []byte // that Read has not returned
	room []byte // of words with times
}

// Addr returns the address that is listened at.
func (l *Listener) Addr() net.Addr {
	if l.packets != nil {
		return l.packets.LocalAddr()
	}
	return l.connections.Addr()
}

// Close ends the input, and a Read that waits.
func (l *Listener) Close() error {
	l.lock.Lock()
	l.closed = true
	if l.conn != nil {
		l.conn.Close()
	}
	l.lock.Unlock()
	if l.packets != nil {
		return l.packets.Close()
	}
	return l.connections.Close()
}

// Read returns what has arrived; io.EOF after Close.
func (l *Listener) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		var err error
		if l.packets != nil {
			err = l.datagram()
		} else {
			err = l.part()
		}
		if errors.Is(err, net.ErrClosed) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// datagram waits for the next one.
func (l *Listener) datagram() error {
	n, _, err := l.packets.ReadFrom(l.buf)
	if err != nil {
		return err
	}
	l.take(l.buf[:event.PacketSize(l.format, l.buf[:n])])
	l.endLine()
	return nil
}

// part waits for more of a connection, or for one.
func (l *Listener) part() error {
	if l.conn == nil {
		conn, err := l.connections.Accept()
		if err != nil {
			return err
		}
		l.kept = 0
		l.reads(conn)
	}
	n, err := l.conn.Read(l.buf[l.kept:])
	have := l.kept + n
	whole := event.PacketSize(l.format, l.buf[:have])
	l.take(l.buf[:whole])
	if whole < have && whole > 0 {
		l.rest = append([]byte(nil), l.rest...) // its bytes are about to move
	}
	l.kept = copy(l.buf, l.buf[whole:have])
	if err != nil { // whatever ended it, the next one goes on
		l.conn.Close()
		l.reads(nil)
		l.endLine()
	}
	return nil
}

// reads notes which connection is read, for Close.
func (l *Listener) reads(conn net.Conn) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.conn = conn; l.closed && conn != nil {
		conn.Close()
	}
}

// take makes b what Read returns next.
func (l *Listener) take(b []byte) {
	l.rest = b
	if len(b) > 0 {
		l.lines = b[len(b)-1] != '\n'
	}
	if l.format != "spif" {
		return
	}
	if l.first.IsZero() {
		l.first = time.Now()
	}
	l.room = event.Stamp(l.room[:0], b, time.Since(l.first).Microseconds())
	l.rest = l.room
}

// endLine ends a line that the sender did not.
func (l *Listener) endLine() {
	switch l.format {
	case Spikes, JSONL, "text":
		if l.lines {
			l.rest = append(l.rest[:len(l.rest):len(l.rest)], '\n')
			l.lines = false
		}
	}
}
