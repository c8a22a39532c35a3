package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve answers on a listener, HTTP/1.1 and HTTP/2 without TLS alike, until ctx is
// done. Then it takes no more requests, lets those that run end, and returns nil.
func (s *Server) Serve(ctx context.Context, at net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	h.Protocols.SetHTTP1(true)
	h.Protocols.SetUnencryptedHTTP2(true)
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(at) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := h.Shutdown(drain)
	<-ended
	if errors.Is(err, context.DeadlineExceeded) {
		return h.Close()
	}
	return err
}
