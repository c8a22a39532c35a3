package serve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a Server serves, and within which limits. Of a limit 0 stands
// for its default.
type Options struct {
	// Models are the paths of model files.
	Models []string

	// Samples, if set, is a folder: in it a folder of a model's name holds recordings
	// to choose from on the page, as dataset.LoadFolder reads them. Other models show
	// the digits that are part of dataset, if they take them, or the inputs of their
	// self-test.
	Samples string

	// Version is that of the program, for the server's metadata.
	Version string

	// Log takes what happens; nil discards it.
	Log *slog.Logger

	// Token, if set, must come with every request, as "Authorization: Bearer TOKEN";
	// /healthz alone needs none. A browser gives it once, as /?token=TOKEN.
	Token string

	// TLS, if set, is what Serve listens with; ClientCAs and ClientAuth in it say
	// whose certificates a client may show.
	TLS *tls.Config

	MaxBody        int           // bytes of a request, and of an input and an answer in memory; 16 MiB
	MaxBodies      int           // bytes of all requests that are being read or answered; 256 MiB
	Queue          int           // inferences that wait for a CPU; 1024
	MaxStreams     int           // streams that are open at a time; 256
	MaxConnections int           // connections that Serve has open at a time; 1024
	Timeout        time.Duration // of a request once it is read; 30 s
	ReadTimeout    time.Duration // of the head of a request, and of its body; 10 s
	Idle           time.Duration // of a stream that sends nothing; 5 min
	Drain          time.Duration // how long Serve waits for requests that run when it is told to end; 10 s
}

func (o *Options) fill() {
	for _, n := range []struct {
		at     *int
		normal int
	}{{&o.MaxBody, 16 << 20}, {&o.MaxBodies, 256 << 20}, {&o.Queue, 1024}, {&o.MaxStreams, 256}, {&o.MaxConnections, 1024}} {
		if *n.at <= 0 {
			*n.at = n.normal
		}
	}
	for _, d := range []struct {
		at     *time.Duration
		normal time.Duration
	}{{&o.Timeout, 30 * time.Second}, {&o.ReadTimeout, 10 * time.Second}, {&o.Idle, 5 * time.Minute}, {&o.Drain, 10 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.normal
		}
	}
}

// Server answers for models. It is an http.Handler; New makes one.
type Server struct {
	o        Options
	log      *slog.Logger
	models   *registry
	gate     *gate
	metrics  *metrics
	counters map[string]*counters // by model
	calls    sync.Pool
	bodies   atomic.Int64    // bytes of requests in memory
	closing  context.Context // done when streams are to end
	close    context.CancelFunc
	routes   http.Handler
	views    chan struct{} // a place for each live view
}

// New reads the models, proves each by its self-test and returns their server.
func New(o Options) (*Server, error) {
	o.fill()
	models, err := newRegistry(o.Models, o.Samples)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Log, models: models, gate: newGate(goruntime.GOMAXPROCS(0), o.Queue), counters: make(map[string]*counters), views: make(chan struct{}, maxViews)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.metrics = newMetrics(s)
	for _, m := range models.all() {
		s.counters[m.name] = s.metrics.of(m.name)
		s.log.Info("model loaded", "model", m.name, "version", m.version, "kernel", m.card.Kernel, "selftest", m.card.SelfTest.Result)
	}
	s.routes = s.guard(s.newRoutes())
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Close ends all streams; each still sends its summary. Serve does so by itself.
func (s *Server) Close() { s.close() }

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
			s.metrics.reloads.WithLabelValues(r.Model, "refused").Inc()
			s.log.Error("model not taken", "model", r.Model, "serving", r.Old, "error", r.Err)
			continue
		}
		s.metrics.reloads.WithLabelValues(r.Model, "taken").Inc()
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
		mux.HandleFunc("POST "+at+"/infer", s.infer)
		mux.HandleFunc("POST "+at+"/stream", s.postStream)
		mux.HandleFunc("GET "+at+"/stream", s.webSocket)
	}
	s.grpcRoutes(mux)
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET "+healthPath, s.healthz)
	mux.HandleFunc("GET /api/models", s.cards)
	mux.HandleFunc("GET /api/live", s.live)
	mux.Handle("/", s.pages())
	return mux
}

// healthPath answers without a token.
const healthPath = "/healthz"

// healthz answers whether the server is there.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte("ok\n"))
}
