package hub

import (
	"context"
	"crypto/tls"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"

	"github.com/snurun/snurun/fleet"
)

//go:embed page.html
var pageHTML []byte

// maxBoards bounds the boards that the page knows, maxDiffer the disagreements that
// it keeps of those that were.
const (
	maxBoards = 10_000
	maxDiffer = 100
)

// page shows what boards say, as it comes.
type page struct {
	h      *Hub
	server *http.Server
	at     net.Addr
	pair   atomic.Pointer[tls.Certificate]

	strangers chan string // boards that came without being announced

	lock     sync.Mutex
	boards   map[string]*board
	differ   []differs
	differN  int64
	byWorker map[string]int64
}

// board is what is known of a board.
type board struct {
	state    *fleet.State
	stateAt  time.Time
	decision json.RawMessage
	at       time.Time // of the decision
	report   *fleet.Outcome
	count    int64 // decisions since the hub started
	rate     rate
}

// differs is a disagreement, without its samples.
type differs struct {
	Time    time.Time `json:"time"`
	Job     string    `json:"job"`
	Input   string    `json:"input"`
	Name    string    `json:"name"`
	Workers []string  `json:"workers"`
}

// rate counts over the last seconds.
type rate struct {
	second  int64
	buckets [10]int64
}

func (r *rate) add(now time.Time) {
	r.turn(now)
	r.buckets[r.second%int64(len(r.buckets))]++
}

func (r *rate) turn(now time.Time) {
	s := now.Unix()
	if s-r.second > int64(len(r.buckets)) || s < r.second {
		r.buckets, r.second = [10]int64{}, s
	}
	for r.second < s {
		r.second++
		r.buckets[r.second%int64(len(r.buckets))] = 0
	}
}

// perSecond leaves the second out that is not over.
func (r *rate) perSecond(now time.Time) float64 {
	r.turn(now)
	sum := int64(0)
	for i, n := range r.buckets {
		if int64(i) != r.second%int64(len(r.buckets)) {
			sum += n
		}
	}
	return float64(sum) / float64(len(r.buckets)-1)
}

func newPage(h *Hub) *page {
	return &page{h: h, strangers: make(chan string, maxBoards), boards: map[string]*board{}, byWorker: map[string]int64{}}
}

// takes are what messages of boards do to what is known of them.
var takes = map[string]func(*board, []byte, time.Time){
	fleet.Decision: func(b *board, data []byte, now time.Time) {
		b.decision, b.at = append(b.decision[:0], data...), now
		b.count++
		b.rate.add(now)
	},
	fleet.Health: func(b *board, data []byte, now time.Time) {
		if s, err := fleet.ReadState(data); err == nil {
			b.state, b.stateAt = &s, now
		}
	},
	fleet.Report: func(b *board, data []byte, _ time.Time) {
		if o, err := fleet.ReadOutcome(data); err == nil {
			b.report = &o
		}
	},
}

// subscribe listens to all boards.
func (p *page) subscribe(ctx context.Context, nc *nats.Conn) error {
	for subject, take := range takes {
		if _, err := nc.Subscribe("snurun.*."+subject, func(m *nats.Msg) {
			p.lock.Lock()
			defer p.lock.Unlock()
			if b := p.board(m.Subject); b != nil {
				take(b, m.Data, time.Now())
			}
		}); err != nil {
			return fmt.Errorf("hub: %w", err)
		}
	}
	if _, err := nc.Subscribe("snurun.disagreement.*.*", func(m *nats.Msg) { p.disagree(m.Data) }); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	states, err := fleet.States(ctx, nc)
	if err != nil {
		p.h.log.Warnf("the last states of the boards cannot be read: %v", err)
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, s := range states {
		if b := p.board(fleet.Prefix(s.Board) + "."); b != nil && b.state == nil {
			b.state = &s.State
			b.stateAt = s.Stored
		}
	}
	return nil
}

// board returns the board that a subject is of, nil if there are too many.
func (p *page) board(subject string) *board {
	_, rest, _ := strings.Cut(subject, ".")
	name, _, _ := strings.Cut(rest, ".")
	b := p.boards[name]
	if b == nil && len(p.boards) < maxBoards && fleet.CheckName("board", name) == nil {
		b = new(board)
		p.boards[name] = b
		if p.h.o.Users == "" {
			p.strangers <- name // there is room for as many as there can be
		}
	}
	return b
}

func (p *page) disagree(data []byte) {
	var d fleet.Disagreement
	if err := json.Unmarshal(data, &d); err != nil || d.First == nil || d.Second == nil {
		return
	}
	// What is kept of it is bounded, whatever a worker sends.
	const longest = 256
	if fleet.CheckName("job", d.Task.Job) != nil || fleet.CheckName("worker", d.First.Worker) != nil || fleet.CheckName("worker", d.Second.Worker) != nil || len(d.Task.Name) > longest || len(d.Task.Input) > longest {
		p.h.log.Warnf("a disagreement of job %.64q is none: names of %d and %d bytes", d.Task.Job, len(d.Task.Name), len(d.Task.Input))
		return
	}
	p.h.log.Warnf("workers %q and %q disagree about samples %d to %d of %q, job %q: one of them does not compute what the model says", d.First.Worker, d.Second.Worker, d.Task.From, d.Task.To-1, d.Task.Name, d.Task.Job)
	p.lock.Lock()
	defer p.lock.Unlock()
	p.differN++
	for _, w := range []string{d.First.Worker, d.Second.Worker} {
		if _, ok := p.byWorker[w]; ok || len(p.byWorker) < maxBoards {
			p.byWorker[w]++
		}
	}
	p.differ = append(p.differ, differs{time.Now(), d.Task.Job, d.Task.Input, d.Task.Name, []string{d.First.Worker, d.Second.Worker}})
	if len(p.differ) > maxDiffer {
		p.differ = p.differ[1:]
	}
}

// boardLine is what the page is told of a board.
type boardLine struct {
	Board    string          `json:"board"`
	State    *fleet.State    `json:"health,omitempty"`
	Age      *float64        `json:"health_age_s,omitempty"`
	Decision json.RawMessage `json:"decision,omitempty"`
	Since    *float64        `json:"decision_age_s,omitempty"`
	Count    int64           `json:"decisions"`
	Rate     float64         `json:"decisions_per_s"`
	Report   *fleet.Outcome  `json:"report,omitempty"`
	Differ   int64           `json:"disagreements"`
}

// boardsJSON returns all boards, by name.
func (p *page) boardsJSON() ([]byte, error) {
	unwell := p.h.unwell()
	p.lock.Lock()
	defer p.lock.Unlock()
	now := time.Now()
	list := []boardLine{}
	for name, b := range p.boards {
		l := boardLine{Board: name, State: b.state, Count: b.count, Rate: b.rate.perSecond(now), Report: b.report, Differ: p.byWorker[name]}
		if json.Valid(b.decision) {
			l.Decision = b.decision
		}
		if b.state != nil {
			age := now.Sub(b.stateAt).Seconds()
			l.Age = &age
		}
		if !b.at.IsZero() {
			since := now.Sub(b.at).Seconds()
			l.Since = &since
		}
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b boardLine) int { return strings.Compare(a.Board, b.Board) })
	return json.Marshal(map[string]any{"boards": list, "disagreements": p.differN, "differ": p.differ, "unwell": unwell})
}

// listen serves the page.
func (p *page) listen() error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(pageHTML) // who went away needs none
	})
	mux.HandleFunc("GET /boards", func(w http.ResponseWriter, _ *http.Request) {
		data, err := p.boardsJSON()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(data)
	})
	alive := func(w http.ResponseWriter, _ *http.Request) {
		if why := p.h.unwell(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
	all := http.NewServeMux()
	all.HandleFunc("GET /healthz", alive)
	all.Handle("/", p.operators(mux))
	l, err := net.Listen("tcp", p.h.o.Page)
	if err != nil {
		return fmt.Errorf("hub: page: %w", err)
	}
	p.at = l.Addr()
	if p.h.o.Cert != "" {
		if err := p.readCertificate(); err != nil {
			l.Close()
			return err
		}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return p.pair.Load(), nil
		}})
	}
	p.server = &http.Server{
		Handler: all, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14,
	}
	go func() {
		if err := p.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.h.log.Errorf("page: %v", err)
		}
	}()
	return nil
}

// readCertificate reads the certificate for TLS, if there is to be one.
func (p *page) readCertificate() error {
	if p.h.o.Cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(p.h.o.Cert, p.h.o.Key)
	if err != nil {
		return fmt.Errorf("hub: certificate %s, key %s: %w", p.h.o.Cert, p.h.o.Key, err)
	}
	p.pair.Store(&pair)
	return nil
}

// operators lets in operators alone, if there is a file of users.
func (p *page) operators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		users, err := p.h.users()
		if err != nil {
			http.Error(w, "the file of users cannot be read", http.StatusInternalServerError)
			return
		}
		if users == nil && !thisMachine(r.Host) {
			// A name of another site that was made to point here.
			http.Error(w, "expected an address of this machine", http.StatusForbidden)
			return
		}
		if users != nil && !isOperator(users, r) {
			if name, _, ok := r.BasicAuth(); ok {
				p.h.log.Warnf("page: %s: no operator %q with this password", r.RemoteAddr, name)
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="snurun-hub", charset="UTF-8"`)
			http.Error(w, "expected name and password of an operator", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// thisMachine reports whether a request was sent to this machine by one of its own
// names, as is all that a hub without users listens to.
func thisMachine(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isOperator(users []User, r *http.Request) bool {
	name, password, ok := r.BasicAuth()
	for _, u := range users {
		if ok && u.Role == Operator && u.Name == name {
			return bcrypt.CompareHashAndPassword([]byte(u.Hash), []byte(password)) == nil
		}
	}
	return false
}

func (p *page) url() string {
	if p.at == nil {
		return ""
	}
	if p.h.o.Cert != "" {
		return "https://" + p.at.String()
	}
	return "http://" + p.at.String()
}

func (p *page) close() {
	if p.server != nil {
		p.server.Close()
	}
}
