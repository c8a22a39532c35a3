package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/snurun/snurun/serve/live"
)

// TestLive watches a recording over a WebSocket, and what is refused.
func TestLive(t *testing.T) {
	t.Parallel()
	h := pageServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address := "ws" + strings.TrimPrefix(h.URL, "http") + "/api/live?model="
	c, _, err := websocket.Dial(ctx, address+"nmnist", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 24)
	ask := func(kind websocket.MessageType, message []byte, head any) {
		t.Helper()
		if err := c.Write(ctx, kind, message); err != nil {
			t.Fatal(err)
		}
		_, answer, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := live.Unpack(answer, head); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile("../testdata/nmnist/60003.bs2")
	if err != nil {
		t.Fatal(err)
	}
	message, err := live.Pack(json.RawMessage(`{"op":"run","input":"file","name":"60003.bs2","watch":1}`), file)
	if err != nil {
		t.Fatal(err)
	}
	var run live.Run
	ask(websocket.MessageBinary, message, &run)
	if run.Steps != 20 || run.Class != 1 || run.Runs == 0 {
		t.Errorf("%+v, expected 20 steps and a 1", run)
	}
	var chunk struct {
		Steps int
		End   bool
	}
	ask(websocket.MessageText, []byte(`{"op":"next","count":256}`), &chunk)
	if chunk.Steps == 0 {
		t.Errorf("%+v", chunk)
	}
	var samples struct {
		Samples []struct{ Label, Name string }
	}
	ask(websocket.MessageText, []byte(`{"op":"samples","count":100}`), &samples)
	if len(samples.Samples) != 10 || samples.Samples[1].Label != "1" || samples.Samples[1].Name != "60003.bs2" {
		t.Errorf("the samples are %+v", samples.Samples)
	}
	var failed struct{ Error string }
	if ask(websocket.MessageText, []byte(`what`), &failed); failed.Error == "" {
		t.Error("a message that is no JSON is taken")
	}
	if _, r, err := websocket.Dial(ctx, address+"none", nil); err == nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("a model that is not there: %v, %v", r, err)
	}
	other := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://example.org"}}}
	if _, r, err := websocket.Dial(ctx, address+"nmnist", other); err == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another host: %v, %v", r, err)
	}
	// As many as there is room for, and one more.
	for range maxViews - 1 {
		c, _, err := websocket.Dial(ctx, address+"mnist", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
	}
	if _, r, err := websocket.Dial(ctx, address+"mnist", nil); err == nil || r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one view too many: %v, %v", r, err)
	}
}

// TestLiveHeld closes a view whose message does not fit beside what others hold.
func TestLiveHeld(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxBodies = 16 << 10 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(start(t, s), "http")+"/api/live?model=mnist", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageBinary, make([]byte, 32<<10)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
		t.Errorf("%v, expected to be told to try again later", err)
	}
	for s.bodies.Load() != 0 {
		if ctx.Err() != nil {
			t.Fatalf("%d bytes are held of a view that was closed", s.bodies.Load())
		}
		time.Sleep(time.Millisecond)
	}
}
