package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/snurun/snurun/internal/oip"
)

// guard stands in front of all routes: who may ask, from which pages, and how much
// may come.
func (s *Server) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	checked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Token != "" && r.URL.Path != healthPath && !s.allowed(w, r) {
			return
		}
		if s.o.Token == "" && !localHost(r) {
			s.refuse(w, "host", http.StatusForbidden, fmt.Errorf("the host %q is none of this machine: a page of another site may be asking in your name", short(r.Host)))
			return
		}
		if err := origin.Check(r); err != nil {
			s.refuse(w, "origin", http.StatusForbidden, err)
			return
		}
		if r.ContentLength > int64(s.o.MaxBody) && !isStream(r) {
			err := fmt.Errorf("%w: a body of %d bytes, expected at most %d", ErrTooLarge, r.ContentLength, s.o.MaxBody)
			s.refuse(w, "size", http.StatusRequestEntityTooLarge, err)
			return
		}
		if r.Body != http.NoBody && !isStream(r) {
			body := &body{ReadCloser: r.Body, s: s, grpc: strings.HasPrefix(r.URL.Path, "/"+oip.GRPCInferenceServiceName+"/")}
			body.packed = body.grpc && isPacked(r.Header)
			defer body.free()
			r.Body = body
			if body.grpc {
				r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, body))
			}
		}
		next.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.log.Enabled(r.Context(), slog.LevelDebug) {
			checked.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		checked.ServeHTTP(w, r)
		s.log.Debug("request", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "took", time.Since(start))
	})
}

// refuse answers with an error that no model had a part in.
func (s *Server) refuse(w http.ResponseWriter, reason string, code int, err error) {
	s.metrics.refused.WithLabelValues(reason).Inc()
	writeJSON(w, code, struct {
		Error string `json:"error"`
	}{err.Error()})
}

// localHost reports whether a request that came to this machine's own address also
// asked for that. A name of another site that was made to point here did not.
func localHost(r *http.Request) bool {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "" || strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// tokenCookie keeps a browser's token.
const tokenCookie = "snurun_token"

// allowed reports whether a request has the token, and answers if it has not, or if
// it is a browser that brings it with the address of the page.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		if c, err := r.Cookie(tokenCookie); err == nil {
			given = c.Value
		}
	}
	if s.isToken(given) {
		return true
	}
	if r.Method == http.MethodGet && r.URL.Path == "/" && s.isToken(r.URL.Query().Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Value: s.o.Token, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="snurun"`)
	s.refuse(w, "token", http.StatusUnauthorized, fmt.Errorf("expected the header Authorization: Bearer TOKEN, or in a browser /?token=TOKEN"))
	return false
}

// isToken compares in a time that tells nothing of the token.
func (s *Server) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.o.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// body is that of a request, held against the limits of one and of all.
type body struct {
	io.ReadCloser
	s      *Server
	read   int
	held   int64 // counted with the bodies of all
	packed bool  // may be many times as large once it is unpacked
	grpc   bool  // errors go to a library that takes those it does not know for the server's
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += n
	held := int64(b.read)
	if b.packed {
		held = max(held, min(held*gzipMost, int64(b.s.o.MaxBody)))
	}
	full := b.hold(held - b.held)
	switch {
	case b.read > b.s.o.MaxBody:
		n, err = 0, fmt.Errorf("%w: a body of more than %d bytes", ErrTooLarge, b.s.o.MaxBody)
	case full != nil:
		n, err = 0, full
	case err != nil && err != io.EOF:
		err = fmt.Errorf("%w: the body: %w", ErrRequest, err)
	}
	if b.grpc && err != nil && err != io.EOF {
		err = grpcError(err)
	}
	return n, err
}

// bodyKey is under which the context of a gRPC request has its body.
type bodyKey struct{}

// hold counts more bytes that the request takes, up to free. The answer is counted
// too: whoever reads it slowly keeps it in memory.
func (b *body) hold(bytes int64) error {
	b.held += bytes
	if b.s.bodies.Add(bytes) > int64(b.s.o.MaxBodies) {
		return fmt.Errorf("%w: the requests that are read or answered take %d bytes together, try again later", ErrBusy, b.s.o.MaxBodies)
	}
	return nil
}

func (b *body) free() { b.s.bodies.Add(-b.held) }

// gzipMost is how many times larger than its bytes what gzip packs can be.
const gzipMost = 1032

// isPacked reports whether the messages of a gRPC or Connect request may be compressed.
func isPacked(h http.Header) bool {
	for _, name := range []string{"Grpc-Encoding", "Content-Encoding", "Connect-Content-Encoding"} {
		if coding := h.Get(name); coding != "" && coding != "identity" {
			return true
		}
	}
	return false
}

// isStream reports whether a request is a stream, of which nothing is kept.
func isStream(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/stream") }
