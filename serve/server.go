package serve

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
)

// Options say what a Server serves, and within which limits. Of a limit 0 stands
// for its default.
type Options struct {
	// Models are the paths of model files.
	Models []string

	// Version is that of the program, for the server's metadata.
	Version string

	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Server answers for models. It is an http.Handler; New makes one.
type Server struct {
	o      Options
	log    *slog.Logger
	models *registry
	routes http.Handler
	views  chan struct{} // a place for each live view
}

// New reads the models, proves each by its self-test and returns their server.
func New(o Options) (*Server, error) {
	models, err := newRegistry(o.Models)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Log, models: models, views: make(chan struct{}, maxViews)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.routes = s.newRoutes()
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Model returns the model of a name as it is served now.
func (s *Server) Model(name string) (*Model, error) { return s.models.get(name, "") }

// Models returns all models as they are served now.
func (s *Server) Models() []*Model { return s.models.all() }

// Reload reads the model files that have changed since they were read last, or all
// of them, and returns what became of each that was read. What cannot be read, or
// does not pass its self-test, leaves its model as it was.
func (s *Server) Reload(all bool) []Reloaded {
	report := s.models.reload(all)
	for _, r := range report {
		if r.Err != nil {
			s.log.Error("model not taken", "model", r.Model, "serving", r.Old, "error", r.Err)
			continue
		}
		s.log.Info("model loaded", "model", r.Model, "was", r.Old, "version", r.New)
	}
	return report
}

func (s *Server) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2", s.serverMetadata)
	mux.HandleFunc("GET /v2/{$}", s.serverMetadata)
	mux.HandleFunc("GET /v2/health/live", s.serverLive)
	mux.HandleFunc("GET /v2/health/ready", s.serverReady)
	for _, version := range []string{"", "/versions/{version}"} {
		at := "/v2/models/{model}" + version
		mux.HandleFunc("GET "+at, s.modelMetadata)
		mux.HandleFunc("GET "+at+"/ready", s.modelReady)
	}
	mux.HandleFunc("GET /api/models", s.cards)
	mux.HandleFunc("GET /api/live", s.live)
	mux.Handle("/", s.pages())
	return mux
}

// writeJSON answers with a value that can always be encoded.
func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // of the types of this package none fails
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	w.Write(append(body, '\n')) // whoever has gone away needs no answer
}

// writeError answers with an error in the form of the protocol.
func writeError(w http.ResponseWriter, err error) {
	code := http.StatusBadRequest
	if errors.Is(err, ErrUnknownModel) {
		code = http.StatusNotFound
	}
	writeJSON(w, code, struct {
		Error string `json:"error"`
	}{err.Error()})
}
