package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
)

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrBusy):
		return http.StatusServiceUnavailable
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout // the client was too slow
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, context.Canceled):
		return statusGone
	case errors.Is(err, ErrUnknownModel):
		return http.StatusNotFound
	case errors.Is(err, ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case clientFault(err):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// statusGone says that the client went away, in metrics; it is as nginx has it.
const statusGone = 499

// fail answers with an error, and logs one that is no fault of the client's.
func (s *Server) fail(w http.ResponseWriter, err error) int {
	code := writeError(w, err)
	if code == http.StatusInternalServerError {
		s.log.Error("request failed", "error", err)
	}
	return code
}

// writeError answers with an error in the form of the protocol and returns the status.
func writeError(w http.ResponseWriter, err error) int {
	code := statusOf(err)
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, code, struct {
		Error string `json:"error"`
	}{err.Error()})
	return code
}

// writeJSON answers with a value that can always be encoded.
func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // of the types of this package none fails
	}
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	w.Write(append(body, '\n')) // whoever has gone away needs no answer
}
