package hub

import (
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// rawClient speaks to a server byte by byte.
type rawClient struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T, address string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &rawClient{t, conn}
}

// say writes what it can: the server may have hung up.
func (r *rawClient) say(format string, v ...any) { fmt.Fprintf(r.conn, format, v...) }

// all returns what the server says until it hangs up.
func (r *rawClient) all() string {
	text, err := io.ReadAll(r.conn)
	if err != nil {
		r.t.Logf("reading: %v", err)
	}
	return string(text)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
