package serve

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/snurun/snurun/serve/live"
)

const (
	// maxViews bounds the live views that are open at a time.
	maxViews = 64
	// viewWrite is how long a client may take to receive an answer.
	viewWrite = 20 * time.Second
)

// live answers GET /api/live?model=NAME, a WebSocket on which a client watches a
// network run. Each message gets one answer, see package live; a text message is a
// head without a payload. A view stays with the version of the model that it began
// with.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	m, err := s.models.get(r.URL.Query().Get("model"), "")
	if err != nil {
		writeError(w, err)
		return
	}
	select {
	case s.views <- struct{}{}:
		defer func() { <-s.views }()
	default:
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "as many live views are open as may be, try again later"})
		return
	}
	// Only pages of this server: the origin must be the host that was asked.
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(int64(s.o.MaxBody)) // and with it a file to look at
	watch := m.watched.NewWatch()
	defer watch.Close()
	ctx, cancel := s.streamContext(r.Context(), func() {})
	defer cancel()
	err = s.view(ctx, c, watch)
	s.log.Debug("live view ended", "model", m.name, "error", err)
	code := websocket.StatusGoingAway
	if errors.Is(err, ErrBusy) {
		code = websocket.StatusTryAgainLater
	}
	c.Close(code, "")
}

// view answers messages until the client goes.
func (s *Server) view(ctx context.Context, c *websocket.Conn, watch *live.Watch) error {
	for {
		if err := s.answerView(ctx, c, watch); err != nil {
			return err
		}
	}
}

// answerView answers one message. Like the bodies of requests, message and answer are
// counted for as long as they are held.
func (s *Server) answerView(ctx context.Context, c *websocket.Conn, watch *live.Watch) error {
	held := &body{s: s}
	defer held.free()
	message, err := s.receive(ctx, c, held)
	if err != nil {
		return err
	}
	// A file may take much memory while it is read: as many are as inferences run.
	if err := s.gate.enter(ctx); err != nil {
		return err
	}
	answer := watch.Answer(ctx, message)
	s.gate.leave()
	if err := held.hold(int64(len(answer))); err != nil {
		return err
	}
	return send(ctx, c, answer)
}

// receive waits for the next message. A page that was silent for long opens another
// view when it is looked at again.
func (s *Server) receive(ctx context.Context, c *websocket.Conn, held *body) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Idle)
	defer cancel()
	kind, r, err := c.Reader(ctx)
	if err != nil {
		return nil, err
	}
	held.ReadCloser = io.NopCloser(r)
	message, err := io.ReadAll(held)
	if err == nil && kind == websocket.MessageText {
		if !json.Valid(message) {
			message = []byte("null")
		}
		message, err = live.Pack(json.RawMessage(message), nil)
	}
	return message, err
}

func send(ctx context.Context, c *websocket.Conn, answer []byte) error {
	ctx, cancel := context.WithTimeout(ctx, viewWrite)
	defer cancel()
	return c.Write(ctx, websocket.MessageBinary, answer)
}
