package serve

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The protocols that metrics tell apart.
const (
	viaREST   = "rest"
	viaGRPC   = "grpc"
	viaStream = "stream"
)

// metrics are what /metrics says.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec   // model, protocol, code
	seconds   *prometheus.HistogramVec // model, protocol
	samples   *prometheus.CounterVec   // model
	spikes    *prometheus.CounterVec
	synOps    *prometheus.CounterVec
	events    *prometheus.CounterVec
	decisions *prometheus.CounterVec
	reloads   *prometheus.CounterVec // model, result
	refused   *prometheus.CounterVec // reason

	streams, connections atomic.Int64
}

func newMetrics(s *Server) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "snurun_" + name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("requests_total", "Inference requests that were answered, by HTTP status.", "model", "protocol", "code"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "snurun_request_seconds", Help: "Time from the head of an inference request to its answer.",
			Buckets: []float64{50e-6, 100e-6, 150e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1, 5},
		}, []string{"model", "protocol"}),
		samples:   counter("samples_total", "Samples that were classified by requests.", "model"),
		spikes:    counter("spikes_total", "Spikes of all layers, in requests.", "model"),
		synOps:    counter("synaptic_operations_total", "Synaptic operations of all layers, in requests.", "model"),
		events:    counter("stream_events_total", "Events that streams took in.", "model"),
		decisions: counter("stream_decisions_total", "Decisions of streams.", "model"),
		reloads:   counter("reloads_total", "Model files that were read anew, by result: taken or refused.", "model", "result"),
		refused:   counter("refused_total", "Requests and connections that were refused, by reason.", "reason"),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "snurun_" + name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.requests, m.seconds, m.samples, m.spikes, m.synOps, m.events, m.decisions, m.reloads, m.refused,
		gauge("queue", "Inferences that wait for a CPU.", func() float64 { return float64(s.gate.waiting.Load()) }),
		gauge("running", "Inferences that run.", func() float64 { return float64(s.gate.running()) }),
		gauge("streams", "Streams that are open.", func() float64 { return float64(m.streams.Load()) }),
		gauge("connections", "Connections that are open.", func() float64 { return float64(m.connections.Load()) }),
		gauge("body_bytes", "Bytes of request bodies in memory.", func() float64 { return float64(s.bodies.Load()) }),
		modelInfo{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// modelInfo is which version of each model is served.
type modelInfo struct{ s *Server }

var (
	infoDesc   = prometheus.NewDesc("snurun_model_info", "Models that are served, always 1.", []string{"model", "version", "sha256", "kernel", "selftest"}, nil)
	loadedDesc = prometheus.NewDesc("snurun_model_loaded_timestamp_seconds", "When the version that is served was loaded.", []string{"model"}, nil)
)

func (i modelInfo) Describe(to chan<- *prometheus.Desc) {
	to <- infoDesc
	to <- loadedDesc
}

func (i modelInfo) Collect(to chan<- prometheus.Metric) {
	for _, m := range i.s.models.all() {
		c := &m.card
		to <- prometheus.MustNewConstMetric(infoDesc, prometheus.GaugeValue, 1, m.name, m.version, c.SHA256, c.Kernel, c.SelfTest.Result)
		to <- prometheus.MustNewConstMetric(loadedDesc, prometheus.GaugeValue, float64(c.Loaded.UnixMilli())/1e3, m.name)
	}
}

// counters are those of one model, looked up once.
type counters struct {
	samples, spikes, synOps prometheus.Counter
	seconds                 map[string]prometheus.Observer // by protocol
	ok                      map[string]prometheus.Counter
}

func (m *metrics) of(model string) *counters {
	c := &counters{
		samples: m.samples.WithLabelValues(model), spikes: m.spikes.WithLabelValues(model), synOps: m.synOps.WithLabelValues(model),
		seconds: map[string]prometheus.Observer{}, ok: map[string]prometheus.Counter{},
	}
	for _, via := range []string{viaREST, viaGRPC} {
		c.seconds[via] = m.seconds.WithLabelValues(model, via)
		c.ok[via] = m.requests.WithLabelValues(model, via, "200")
	}
	return c
}

// done counts a request that was answered. Of a model that is not served the name is
// the client's, and not kept.
func (s *Server) done(m *Model, via string, code int, start time.Time, did work) {
	name := ""
	if m != nil {
		c := s.counters[m.name]
		c.seconds[via].Observe(time.Since(start).Seconds())
		if code == http.StatusOK {
			c.ok[via].Inc()
			c.samples.Add(float64(did.samples))
			c.spikes.Add(float64(did.spikes))
			c.synOps.Add(float64(did.synOps))
			return
		}
		name = m.name
	}
	s.metrics.requests.WithLabelValues(name, via, strconv.Itoa(code)).Inc()
}
