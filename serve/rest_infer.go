package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// call is the memory of one inference, which the next one uses again.
type call struct {
	request   request
	inference inference
	body, out []byte
}

// keepBytes is how large the memory of a call may be to be kept for the next one.
const keepBytes = 1 << 20

func (s *Server) newCall() *call {
	c, ok := s.calls.Get().(*call)
	if !ok {
		c = &call{}
	}
	c.request.reset()
	c.inference.limit = s.o.MaxBody
	return c
}

func (s *Server) free(c *call) {
	size := cap(c.body) + cap(c.out)
	for i := range c.request.inputs {
		t := &c.request.inputs[i]
		size += cap(t.bytes) + 4*cap(t.floats) + 8*cap(t.ints) + 24*cap(t.texts)
	}
	for i := range c.inference.out {
		t := &c.inference.out[i]
		size += cap(t.bytes) + 4*cap(t.floats) + 8*cap(t.ints) + 24*cap(t.texts)
	}
	if size <= keepBytes {
		s.calls.Put(c)
	}
}

// headerLength is the header that says how much of a body is JSON where raw tensors
// follow it.
const headerLength = "Inference-Header-Content-Length"

// infer answers POST …/infer.
func (s *Server) infer(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	m, err := s.models.get(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		s.done(nil, viaREST, s.fail(w, err), start, work{})
		return
	}
	c := s.newCall()
	defer s.free(c)
	header, err := s.inferREST(r, m, c)
	if body, ok := r.Body.(*body); ok && err == nil {
		err = body.hold(int64(len(c.out)))
	}
	if err != nil {
		s.done(m, viaREST, s.fail(w, err), start, work{})
		return
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	if header < len(c.out) {
		h.Set("Content-Type", "application/octet-stream")
		h.Set(headerLength, strconv.Itoa(header))
	}
	h.Set("Content-Length", strconv.Itoa(len(c.out)))
	w.Write(c.out) // whoever has gone away needs no answer
	s.done(m, viaREST, http.StatusOK, start, c.inference.work)
}

var jsonType = []string{"application/json"}

// inferREST reads a request, runs it, and leaves the answer in c.out, of which the
// first bytes that it returns the number of are JSON.
func (s *Server) inferREST(r *http.Request, m *Model, c *call) (int, error) {
	var err error
	if c.body, err = readBody(c.body[:0], r.Body); err != nil {
		return 0, err
	}
	text := c.body
	if given := r.Header.Get(headerLength); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 || n > len(c.body) {
			return 0, badRequest("%s is %q, expected at most the %d bytes of the body", headerLength, short(given), len(c.body))
		}
		text = c.body[:n]
	}
	if err := c.request.readJSON(text); err != nil {
		return 0, err
	}
	if err := c.request.readBinary(c.body[len(text):]); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Timeout)
	defer cancel()
	outputs, err := c.inference.run(ctx, s.gate, m, &c.request)
	if err != nil {
		return 0, err
	}
	var header int
	c.out, header = appendAnswer(c.out[:0], m, &c.request, outputs)
	return header, nil
}

// readBody appends what r has left to b.
func readBody(b []byte, r io.Reader) ([]byte, error) {
	if cap(b) == 0 {
		b = make([]byte, 0, 8<<10)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF:
			return b, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return b, badRequest("the body ends after %d bytes", len(b))
		case err != nil:
			return b, err
		}
	}
}
