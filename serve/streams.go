package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/stream"
)

// A stream is what snurun stream does, over HTTP: events or spikes come in, decisions
// go out as they fall, a line of JSON each. It comes in two ways on one path,
//
//	POST /v2/models/NAME/stream     a body of any length, in chunks; the answer
//	                                begins at once, lines of JSON
//	GET  /v2/models/NAME/stream     a WebSocket: the bytes of its binary messages
//	                                follow each other, a text message is one or
//	                                several lines; each decision is a text message
//
// The parameters of the address are the flags of snurun stream: format, size, dt,
// window, stride, reset, margin, rearm, late, gap, realtime, jitter, skip-bad, chip,
// columns, floor, agree, changes, flush. The first line is {"start": …}, the last
// {"summary": …}, behind {"error": …} if there was one; {"warning": …} may come between.
// If the model is loaded anew, {"model": …} says from which window on.

// maxOpen bounds the windows of a stream that are open at a time: each has membranes
// of its own.
const maxOpen = 64

// streamOptions are those that an address asks for.
type streamOptions struct {
	input          stream.InputOptions
	windows        stream.WindowOptions
	auto           bool // the margin that the model recommends,
	autoFloor      bool // and its floor
	changes, flush bool
}

// limits completes the windows by what a model recommends.
func (o *streamOptions) limits(m *Model) (stream.WindowOptions, error) {
	w := o.windows
	if o.auto {
		if w.Margin = m.net.Readout().Margin; w.Margin == 0 {
			return w, badRequest("parameter margin is auto, but model %q recommends none: give a number", m.name)
		}
	}
	if o.autoFloor {
		if w.Floor = m.net.Readout().Floor; w.Floor == (model.Floor{}) {
			return w, badRequest("parameter floor is auto, but model %q recommends none: give one, such as events=20,score=3", m.name)
		}
	}
	return w, nil
}

// streamParams reads the parameters of an address.
func streamParams(query url.Values, m *Model) (o streamOptions, err error) {
	for name, values := range query {
		if len(values) != 1 {
			return o, badRequest("parameter %s is given %d times", short(name), len(values))
		}
		if err := o.set(name, values[0]); err != nil {
			return o, err
		}
	}
	if _, given := query["reset"]; !given {
		o.windows.Keep = m.net.Readout().Kind.EachStep()
	}
	if query.Get("realtime") == "" || query.Get("realtime") == "false" {
		o.input.Jitter = 0
	} else if o.input.Jitter == 0 {
		o.input.Jitter = defaultJitter
	}
	window := o.windows.Steps
	if window == 0 {
		window = m.net.Steps()
	}
	if stride := o.windows.Stride; stride > 0 && (window+stride-1)/stride > maxOpen {
		return o, badRequest("windows of %d steps every %d are %d at a time, expected at most %d: take a larger stride", window, stride, (window+stride-1)/stride, maxOpen)
	}
	return o, nil
}

// defaultJitter is that of snurun stream --realtime.
const defaultJitter = 100 * time.Millisecond

// set takes one parameter.
func (o *streamOptions) set(name, text string) (err error) {
	wrong := func(expected string) error {
		return badRequest("parameter %s is %q, expected %s", name, short(text), expected)
	}
	number := func() int {
		n, bad := strconv.Atoi(text)
		if bad != nil || n < 0 || n > model.MaxSteps {
			err = wrong(fmt.Sprintf("a whole number from 0 to %d", model.MaxSteps))
		}
		return n
	}
	duration := func(most time.Duration) time.Duration {
		d, bad := time.ParseDuration(text)
		if bad != nil || d <= 0 || d > most {
			err = wrong(fmt.Sprintf("a time such as 50ms, above 0 and at most %v", most))
		}
		return d
	}
	yes := func() bool {
		switch text {
		case "", "true", "1":
			return true
		case "false", "0":
			return false
		}
		err = wrong("true or false")
		return false
	}
	choice := func(first, second string) bool {
		if text != first && text != second {
			err = wrong(first + " or " + second)
		}
		return text == second
	}
	switch name {
	case "format":
		o.input.Format = text
	case "size":
		width, height, _ := strings.Cut(text, "x")
		w, bad := strconv.Atoi(width)
		h, worse := strconv.Atoi(height)
		if bad != nil || worse != nil || w < 1 || h < 1 {
			err = wrong("a size such as 34x34")
		}
		o.input.Size = event.Size{Width: w, Height: h}
	case "dt":
		o.input.Step = duration(time.Hour)
	case "window":
		o.windows.Steps = number()
	case "stride":
		o.windows.Stride = number()
	case "reset":
		o.windows.Keep = choice("window", "never")
	case "margin":
		if o.auto = text == "auto"; o.auto {
			break
		}
		v, bad := strconv.ParseFloat(text, 32)
		if bad != nil || !(v >= 0) || math.IsInf(v, 0) {
			err = wrong("a number of at least 0, or auto")
		}
		o.windows.Margin = float32(v)
	case "rearm":
		o.windows.Rearm = yes()
	case "floor":
		if o.autoFloor = text == "auto"; !o.autoFloor {
			var ok bool
			if o.windows.Floor, ok = floorOf(text); !ok {
				err = wrong("auto, or some of events=N,score=S,lead=L")
			}
		}
	case "agree":
		windows, of, _ := strings.Cut(text, "/")
		k, bad := strconv.Atoi(windows)
		n, worse := strconv.Atoi(of)
		if bad != nil || worse != nil || k < 1 || k > n {
			err = wrong("K/N such as 3/5: K of the last N windows")
		}
		o.windows.Agree = stream.Agree{Windows: k, Of: n}
	case "changes":
		o.changes = yes()
	case "flush":
		o.flush = yes()
	case "late":
		if choice("drop", "fold") {
			o.input.Late = event.FoldLate
		}
	case "gap":
		o.input.Gap = duration(stream.DefaultGap)
	case "realtime":
		yes()
	case "jitter":
		o.input.Jitter = duration(stream.MaxJitter)
	case "skip-bad":
		o.input.SkipBad = yes()
	case "chip":
		o.input.Chip = text
	case "columns":
		o.input.Columns = text
	default:
		err = badRequest("unknown parameter %q, expected one of the flags of snurun stream", short(name))
	}
	return err
}

// floorOf reads what a window must reach to be of a class.
func floorOf(text string) (f model.Floor, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		var x float64
		var err error
		switch name {
		case stream.BelowEvents:
			f.Events, err = strconv.ParseInt(value, 10, 64)
		case stream.BelowScore:
			x, err = strconv.ParseFloat(value, 32)
			f.Score = float32(x)
		case stream.BelowLead:
			x, err = strconv.ParseFloat(value, 32)
			f.Lead = float32(x)
		default:
			return f, false
		}
		if err != nil {
			return f, false
		}
	}
	return f, f.Check() == nil
}

// streamEnd is what a stream came to.
type streamEnd struct {
	Steps     int64 `json:"steps"`
	Windows   int64 `json:"windows"`
	Decisions int64 `json:"decisions"`
	Early     int64 `json:"early"`
	Events    int64 `json:"events"`
	Late      int64 `json:"late"`
	Skipped   int64 `json:"skipped"`
	Restarts  int64 `json:"restarts"`
	Glitches  int64 `json:"glitches"`
	Reframed  int64 `json:"reframed"`

	Seconds float64            `json:"seconds"`
	Latency map[string]float64 `json:"latency_us,omitempty"`
	Lag     map[string]float64 `json:"lag_us,omitempty"`
}

func newStreamEnd(sum stream.Summary, realtime bool) streamEnd {
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	e := streamEnd{
		Steps: sum.Steps, Windows: sum.Windows, Decisions: sum.Decisions, Early: sum.Early, Events: sum.Events, Late: sum.Late,
		Skipped: sum.Skipped, Restarts: sum.Restarts, Glitches: sum.Glitches, Reframed: sum.Reframed, Seconds: sum.Elapsed.Seconds(),
	}
	if sum.Decisions > 0 {
		e.Latency = map[string]float64{"p50": us(sum.Latency.P50), "p99": us(sum.Latency.P99), "max": us(sum.Latency.Max)}
	}
	if realtime {
		e.Lag = map[string]float64{"last": us(sum.Lag), "max": us(sum.MaxLag)}
	}
	return e
}

// stream runs a stream from r to send, which writes a line or a message. The error
// is one of the input or of the client, and was sent if it could be.
func (s *Server) stream(ctx context.Context, m *Model, o streamOptions, r io.Reader, send func(v any) error) error {
	limits, err := o.limits(m)
	if err != nil {
		return err
	}
	windows, err := stream.NewWindows(m.net, limits)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	var notices []string
	o.input.Notify = func(n stream.Notice) { notices = append(notices, fmt.Sprintf("%s (%d so far)", n.Text, n.Count)) }
	in, err := stream.NewInput(r, m.net.Model(), o.input)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	defer in.Close()
	if err := send(map[string]any{"start": m.streamed()}); err != nil {
		return err
	}
	var next atomic.Pointer[Model]
	defer s.models.follow(m, func(m *Model) {
		limits, err := o.limits(m)
		if err == nil {
			next.Store(m)
			err = windows.Replace(m.net, limits)
		}
		if err != nil {
			s.log.Warn("a stream goes on with the model that it began with", "model", m.name, "error", err)
		}
	})()
	seen := m.net.Model()
	events, decisions := s.metrics.events.WithLabelValues(m.name), s.metrics.decisions.WithLabelValues(m.name)
	tell := func() error {
		for _, text := range notices {
			if err := send(map[string]string{"warning": text}); err != nil {
				return err
			}
		}
		notices = notices[:0]
		return nil
	}
	sum, err := stream.Run(ctx, in, windows, stream.Handler{Changes: o.changes, Flush: o.flush, Decide: func(d stream.Decision) error {
		decisions.Inc()
		if err := tell(); err != nil {
			return err
		}
		if d.Model != seen {
			seen = d.Model
			if n := next.Load(); n != nil && n.net.Model() == seen {
				if err := send(map[string]any{"model": n.streamed()}); err != nil {
					return err
				}
			}
		}
		line := d.Line()
		return send(&line)
	}})
	events.Add(float64(sum.Events))
	var gone *sendError
	if errors.As(err, &gone) {
		return err
	}
	if told := tell(); told != nil {
		return told
	}
	if err != nil {
		if told := send(map[string]string{"error": err.Error()}); told != nil {
			return told
		}
	}
	if told := send(map[string]any{"summary": newStreamEnd(sum, o.input.Jitter > 0)}); told != nil {
		return told
	}
	return err
}

// streamed says which model a stream runs through.
func (m *Model) streamed() map[string]string {
	return map[string]string{"model": m.name, "version": m.version, "sha256": m.card.SHA256, "network": m.card.Topology, "kernel": m.card.Kernel}
}

// sendError is the error of a client that takes no more.
type sendError struct{ error }

func (e *sendError) Unwrap() error { return e.error }

// openStream counts a stream in, unless there are too many.
func (s *Server) openStream() error {
	if s.metrics.streams.Add(1) > int64(s.o.MaxStreams) {
		s.metrics.streams.Add(-1)
		return fmt.Errorf("%w: %d streams are open, try again later", ErrBusy, s.o.MaxStreams)
	}
	return nil
}

// streamRequest finds the model and the options of a stream and counts it in.
func (s *Server) streamRequest(r *http.Request) (*Model, streamOptions, error) {
	m, err := s.models.get(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return nil, streamOptions{}, err
	}
	o, err := streamParams(r.URL.Query(), m)
	if err == nil {
		err = s.openStream()
	}
	return m, o, err
}

// postStream answers POST …/stream.
func (s *Server) postStream(w http.ResponseWriter, r *http.Request) {
	m, o, err := s.streamRequest(r)
	if err != nil {
		s.done(nil, viaStream, s.fail(w, err), time.Time{}, work{})
		return
	}
	defer s.metrics.streams.Add(-1)
	c := http.NewResponseController(w)
	_ = c.EnableFullDuplex() // HTTP/2 is, and what is neither answers at the end
	wake := func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }
	ctx, cancel := s.streamContext(r.Context(), wake)
	defer cancel()
	body := &patient{r: r.Body, wait: func() {
		_ = c.SetReadDeadline(time.Now().Add(s.o.Idle))
		if ctx.Err() != nil { // it may have been woken just before
			wake()
		}
	}}
	limit := func() { _ = c.SetWriteDeadline(time.Now().Add(s.o.ReadTimeout)) }
	defer limit() // of the end of the answer
	begun := false
	err = s.stream(ctx, m, o, body, func(v any) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "application/x-ndjson")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Accel-Buffering", "no")
		}
		limit()
		err := json.NewEncoder(w).Encode(v)
		if err == nil {
			err = c.Flush()
		}
		if err != nil {
			return &sendError{err}
		}
		_ = c.SetWriteDeadline(time.Time{}) // HTTP/2 ends a stream at its deadline, whether it writes or not
		return nil
	})
	if err != nil && !begun {
		s.done(nil, viaStream, s.fail(w, err), time.Time{}, work{})
		return
	}
	s.streamed(m, r, err)
}

// streamed counts and logs a stream that has ended.
func (s *Server) streamed(m *Model, r *http.Request, err error) {
	code := http.StatusOK
	var gone *sendError
	switch {
	case errors.As(err, &gone):
		code = statusGone
	case err != nil:
		code = http.StatusBadRequest
	}
	s.metrics.requests.WithLabelValues(m.name, viaStream, strconv.Itoa(code)).Inc()
	s.log.Info("stream ended", "model", m.name, "remote", r.RemoteAddr, "error", err)
}

// streamContext ends with the request, or when the server is closed; then wake ends
// a read that waits.
func (s *Server) streamContext(ctx context.Context, wake func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, func() {
		cancel()
		wake()
	})
	return ctx, func() { stop(); cancel() }
}

// patient is a reader that says before each read that it waits.
type patient struct {
	r    io.Reader
	wait func()
}

func (p *patient) Read(b []byte) (int, error) {
	p.wait()
	return p.r.Read(b)
}

// webSocket answers GET …/stream.
func (s *Server) webSocket(w http.ResponseWriter, r *http.Request) {
	m, o, err := s.streamRequest(r)
	if err != nil {
		s.done(nil, viaStream, s.fail(w, err), time.Time{}, work{})
		return
	}
	defer s.metrics.streams.Add(-1)
	conn, err := websocket.Accept(w, r, nil)
	if err != nil { // Accept has answered
		s.metrics.requests.WithLabelValues(m.name, viaStream, "400").Inc()
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(int64(s.o.MaxBody))
	ctx, cancel := s.streamContext(r.Context(), func() {})
	defer cancel()
	// A WebSocket is closed with the context that it is read under: that of the
	// request, so that the summary still goes out.
	reader := &messages{ctx: r.Context(), conn: conn, idle: s.o.Idle}
	send := func(v any) error {
		text, err := json.Marshal(v)
		if err == nil {
			// The end is told even if the stream is ended by the server.
			within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.ReadTimeout)
			defer cancel()
			err = conn.Write(within, websocket.MessageText, text)
		}
		if err != nil {
			return &sendError{err}
		}
		return nil
	}
	err = s.stream(ctx, m, o, reader, send)
	switch {
	case err == nil && s.closing.Err() != nil:
		conn.Close(websocket.StatusGoingAway, "the server ends")
	case err == nil:
		conn.Close(websocket.StatusNormalClosure, "")
	case clientFault(err): // before the stream has begun: nothing was sent
		_ = send(map[string]string{"error": err.Error()})
		conn.Close(websocket.StatusPolicyViolation, "")
	default:
		conn.Close(websocket.StatusUnsupportedData, "")
	}
	s.streamed(m, r, err)
}

// messages reads the messages of a WebSocket as one stream. A text message ends in a
// new line, whether it has one or not.
type messages struct {
	ctx     context.Context
	conn    *websocket.Conn
	idle    time.Duration
	message io.Reader // the one that is read, nil between two
	cancel  context.CancelFunc
	text    bool
	last    byte
}

func (m *messages) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		if m.message == nil {
			ctx, cancel := context.WithTimeout(m.ctx, m.idle)
			kind, r, err := m.conn.Reader(ctx)
			if err != nil {
				cancel()
				return 0, closed(err)
			}
			m.message, m.cancel, m.text, m.last = r, cancel, kind == websocket.MessageText, '\n'
		}
		n, err := m.message.Read(b)
		if n > 0 {
			m.last = b[n-1]
			return n, nil
		}
		if err == nil {
			continue
		}
		m.message = nil
		m.cancel()
		if err != io.EOF {
			return 0, closed(err)
		}
		if m.text && m.last != '\n' {
			b[0] = '\n'
			return 1, nil
		}
	}
}

// closed is io.EOF for a WebSocket that was closed in good order.
func closed(err error) error {
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return io.EOF
	}
	return err
}
