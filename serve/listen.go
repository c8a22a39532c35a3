package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits that no option changes: the head of a request; a connection that is silent
// between two; HTTP/2 connections whose other end does not answer, and the requests
// that one has open at a time.
const (
	maxHeader  = 64 << 10
	idleTime   = 2 * time.Minute
	pingAfter  = 15 * time.Second
	maxCurrent = 100
)

// Serve answers on a listener, HTTP/1.1 and HTTP/2 alike, with TLS if the options
// have it, until ctx is done. Then it takes no more requests, ends the streams, lets
// the requests that run end, and returns nil.
func (s *Server) Serve(ctx context.Context, at net.Listener) error {
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: s.o.ReadTimeout, ReadTimeout: s.o.ReadTimeout, WriteTimeout: s.o.ReadTimeout + s.o.Timeout + s.o.ReadTimeout,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, Protocols: new(http.Protocols),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: maxCurrent, SendPingTimeout: pingAfter, PingTimeout: pingAfter, WriteByteTimeout: s.o.ReadTimeout},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	h.ConnState = (&crowd{s: s, most: s.o.MaxConnections, idle: make(map[net.Conn]time.Time), all: make(map[net.Conn]bool)}).state
	h.Protocols.SetHTTP1(true)
	if s.o.TLS != nil {
		h.Protocols.SetHTTP2(true)
		h.TLSConfig = h2(s.o.TLS) // without h2 in it, Serve would not know HTTP/2
		at = tls.NewListener(at, h.TLSConfig)
	} else {
		h.Protocols.SetUnencryptedHTTP2(true)
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(at) }()
	select {
	case err := <-ended:
		s.Close()
		return err
	case <-ctx.Done():
	}
	s.log.Info("ending", "running", s.gate.running(), "streams", s.metrics.streams.Load())
	s.Close()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Drain)
	defer cancel()
	err := h.Shutdown(drain)
	<-ended
	if err == nil {
		err = s.streamsEnd(drain)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off", "after", s.o.Drain)
		return h.Close()
	}
	return err
}

// h2 is a TLS configuration that offers HTTP/2.
func h2(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	return c
}

// streamsEnd waits for the WebSockets, which no http.Server waits for.
func (s *Server) streamsEnd(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.metrics.streams.Load() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Watch reads the files of models that have changed, every so often until ctx is
// done.
func (s *Server) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.Reload(false)
		case <-ctx.Done():
			return
		}
	}
}

// crowd bounds the connections that are open. With too many, a new one takes the
// place of the one that has been without a request for longest: so those that ask
// nothing keep nobody out. If all are busy the new one is closed.
type crowd struct {
	s    *Server
	most int

	lock sync.Mutex
	all  map[net.Conn]bool
	idle map[net.Conn]time.Time // since when
}

func (c *crowd) state(conn net.Conn, state http.ConnState) {
	if pushed := c.follow(conn, state); pushed != nil {
		go pushed.Close() // with TLS it says goodbye, for which accepting must not wait
	}
}

// follow takes the new state of a connection and returns the one that must go for it,
// if any.
func (c *crowd) follow(conn net.Conn, state http.ConnState) (pushed net.Conn) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch state {
	case http.StateNew:
		c.all[conn] = true
		c.idle[conn] = time.Now()
		if len(c.all) > c.most {
			c.s.metrics.refused.WithLabelValues("connections").Inc()
			pushed = c.push(conn)
		}
	case http.StateActive:
		delete(c.idle, conn)
	case http.StateIdle:
		c.idle[conn] = time.Now()
	case http.StateClosed, http.StateHijacked:
		delete(c.all, conn)
		delete(c.idle, conn)
	}
	c.s.metrics.connections.Store(int64(len(c.all)))
	return pushed
}

// push forgets the connection that has been idle for longest and returns it.
func (c *crowd) push(latest net.Conn) net.Conn {
	oldest := latest
	for conn, since := range c.idle {
		if since.Before(c.idle[oldest]) {
			oldest = conn
		}
	}
	delete(c.idle, oldest)
	delete(c.all, oldest) // its state comes late
	return oldest
}

// Loopback reports whether an address to listen on is reached from this machine
// alone.
func Loopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("serve: address %q: %w, expected HOST:PORT", address, err)
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}
