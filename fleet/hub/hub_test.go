package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

// logged keeps lines.
type logged struct {
	lock sync.Mutex
	all  []string
}

func (l *logged) add(line string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.all = append(l.all, line)
}

func (l *logged) has(part string) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}

func (l *logged) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return strings.Join(l.all, "\n")
}

// place is a hub with users, which can be started again with what it stored.
type place struct {
	dir string
	o   Options
	log *logged
	hub *Hub
}

// newPlace starts a hub on this machine with the users "ROLE NAME".
func newPlace(t *testing.T, change func(*Options), users ...string) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), log: &logged{}}
	p.o = Options{Listen: "127.0.0.1:0", Store: filepath.Join(p.dir, "store"), Sync: time.Second, Log: p.log.add}
	if users != nil {
		p.o.Users = filepath.Join(p.dir, "users")
	}
	for _, u := range users {
		role, name, _ := strings.Cut(u, " ")
		p.user(t, Role(role), name)
	}
	if change != nil {
		change(&p.o)
	}
	p.start(t)
	t.Cleanup(func() {
		if p.hub != nil {
			p.hub.Close()
		}
		if t.Failed() {
			t.Logf("the hub said:\n%v", p.log)
		}
	})
	return p
}

// user makes a user and its file of credentials.
func (p *place) user(t *testing.T, role Role, name string) {
	t.Helper()
	text, err := AddUser(p.o.Users, role, name)
	if err == nil {
		err = os.WriteFile(p.credentials(name), []byte(text+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (p *place) credentials(name string) string { return filepath.Join(p.dir, name+".credentials") }

func (p *place) start(t *testing.T) {
	t.Helper()
	h, err := Start(t.Context(), p.o)
	if err != nil {
		t.Fatal(err)
	}
	p.hub = h
	p.o.Listen = strings.TrimPrefix(strings.TrimPrefix(h.URL(), "nats://"), "tls://") // the same when it starts again
}

func (p *place) stop() {
	p.hub.Close()
	p.hub = nil
}

// access is what a user needs; "" is nobody.
func (p *place) access(user string) fleet.Access {
	a := fleet.Access{URL: "nats://" + p.o.Listen}
	if user != "" {
		a.Credentials = p.credentials(user)
	}
	return a
}

// board starts a publisher.
func (p *place) board(t *testing.T, name string, change func(*fleet.PublisherOptions)) *fleet.Publisher {
	t.Helper()
	o := fleet.PublisherOptions{Access: p.access(name), Board: name, Spool: filepath.Join(p.dir, "spool-"+name), Log: func(s string) { p.log.add(name + ": " + s) }}
	if p.o.Users == "" {
		o.Access = p.access("")
	}
	if change != nil {
		change(&o)
	}
	b, err := fleet.NewPublisher(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// operator connects as one.
func (p *place) connect(t *testing.T, user string, more ...nats.Option) *nats.Conn {
	t.Helper()
	client := user
	if client == "" {
		client = "test"
	}
	nc, err := fleet.Connect(p.access(user), client, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	eventually(t, "a connection of "+client, nc.IsConnected)
	return nc
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 12_000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// stored returns the numbers in the field n of the decisions in the stream of a
// board, in their order.
func stored(t *testing.T, nc *nats.Conn, board string) (numbers []int) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), fleet.StreamOf(fleet.Prefix(board)))
	if err != nil {
		t.Fatal(err)
	}
	for seq := max(1, s.CachedInfo().State.FirstSeq); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		var d struct {
			Board, ID string
			N         *int
		}
		if err := json.Unmarshal(m.Data, &d); err != nil || d.N == nil || d.Board != board || d.ID != m.Header.Get("Nats-Msg-Id") {
			t.Fatalf("message %d is %s, %v", seq, m.Data, err)
		}
		numbers = append(numbers, *d.N)
	}
	return numbers
}

// expectAll expects the numbers from 0 to n−1, each once, in order.
func expectAll(t *testing.T, numbers []int, n int) {
	t.Helper()
	for i, k := range numbers {
		if k != i {
			t.Fatalf("message %d has number %d of %d, expected all in order", i, k, len(numbers))
		}
	}
	if len(numbers) != n {
		t.Fatalf("%d messages, expected %d", len(numbers), n)
	}
}

func decision(n int) []byte { return fmt.Appendf(nil, `{"n":%d,"class":7}`+"\n", n) }

func closeAll(t *testing.T, b *fleet.Publisher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestPublish sends decisions while the hub is stopped and started, and while the
// board is: all are there, once, in order.
func TestPublish(t *testing.T) {
	t.Parallel()
	for _, users := range [][]string{nil, {"board pi-1", "operator anna"}} {
		t.Run(fmt.Sprintf("%d users", len(users)), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, nil, users...)
			const rounds, each = 4, 500
			n := 0
			for round := range rounds {
				b := p.board(t, "pi-1", nil)
				for i := range each {
					b.Decision(decision(n))
					n++
					if i == each/3 && round%2 == 1 {
						p.stop()
					}
					if i == 2*each/3 && round%2 == 1 {
						p.start(t)
					}
				}
				if round == 2 { // ends with messages that wait
					ctx, cancel := context.WithCancel(t.Context())
					cancel()
					_ = b.Close(ctx)
					continue
				}
				closeAll(t, b)
			}
			operator := ""
			if users != nil {
				operator = "anna"
			}
			expectAll(t, stored(t, p.connect(t, operator), "pi-1"), n)
		})
	}
}

// TestKept makes the stream of a board as the flags of the hub say, whoever made it
// first.
func TestKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(o *Options) { o.Keep = fleet.Keep{Age: time.Hour, Bytes: 3 << 20, Batch: 120 << 20} })
	b := p.board(t, "pi-1", nil)
	b.Decision(decision(0))
	closeAll(t, b)
	js, err := jetstream.New(p.connect(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	kept := func(name string) (jetstream.StreamConfig, error) {
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			return jetstream.StreamConfig{}, err
		}
		return s.CachedInfo().Config, nil
	}
	eventually(t, "the board's stream", func() bool {
		c, err := kept("snurun-pi-1")
		return err == nil && c.MaxBytes == 3<<20 && c.MaxAge == time.Hour
	})
	total := int64(0)
	for _, name := range []string{fleet.TaskStream, fleet.ResultStream, "OBJ_" + fleet.ModelBucket, "OBJ_" + fleet.InputBucket, "OBJ_" + fleet.JobBucket} {
		c, err := kept(name)
		if err != nil || c.MaxBytes <= 0 || c.Discard != jetstream.DiscardNew {
			t.Errorf("%s: %v, %d bytes, %v", name, err, c.MaxBytes, c.Discard)
		}
		total += c.MaxBytes
	}
	if total > 120<<20 || total < 119<<20 {
		t.Errorf("%d bytes for batches, expected %d", total, 120<<20)
	}
	// What does not fit is refused, with what to do.
	batches, err := fleet.NewBatches(p.connect(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batches.Store(t.Context(), fleet.ModelBucket, make([]byte, 11<<20)); err == nil || !strings.Contains(err.Error(), "snurun batch rm") {
		t.Errorf("%v, expected that there is no room", err)
	}
	if _, err := batches.Store(t.Context(), fleet.ModelBucket, make([]byte, 9<<20)); err != nil {
		t.Errorf("what fits: %v", err)
	}
}

// TestReports collects what more boards report than a subscription holds by itself,
// while orders are still given.
func TestReports(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	nc, boards := p.connect(t, ""), p.connect(t, "")
	if _, err := boards.Subscribe("snurun.*.command", func(m *nats.Msg) {
		var o fleet.Order
		if err := json.Unmarshal(m.Data, &o); err != nil {
			t.Error(err)
		}
		board := strings.Split(m.Subject, ".")[1]
		report, err := json.Marshal(fleet.Outcome{Board: board, Order: o.ID, Op: o.Op, OK: true})
		for range 2 { // a board that is not sure says it again
			if err == nil {
				err = boards.Publish("snurun."+board+".report", report)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := boards.Flush(); err != nil {
		t.Fatal(err)
	}
	op, err := fleet.NewOperator(nc)
	if err != nil {
		t.Fatal(err)
	}
	op.Wait = 2 * time.Minute
	var names []string
	for i := range 1500 {
		names = append(names, fmt.Sprint("b", i))
	}
	told := map[string]int{}
	left, err := op.Rollback(t.Context(), names, func(o fleet.Outcome) { told[o.Board]++ })
	if err != nil || len(left) > 0 || len(told) != len(names) {
		t.Errorf("%v, %d boards left, %d reported", err, len(left), len(told))
	}
}

// TestBegunOrder does not carry an order out again that the program ended over.
func TestBegunOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	nc := p.connect(t, "")
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	reports, err := nc.SubscribeSync("snurun.pi-1.report")
	if err != nil {
		t.Fatal(err)
	}
	give := func(id string) {
		t.Helper()
		data, err := json.Marshal(fleet.Order{ID: id, Op: fleet.Rollback})
		if err == nil {
			_, err = js.Publish(t.Context(), "snurun.pi-1.command", data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	next := func() fleet.Outcome {
		t.Helper()
		m, err := reports.NextMsg(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		o, err := fleet.ReadOutcome(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	give("first")
	spool := filepath.Join(p.dir, "spool-pi-1")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(spool, "order")
	if err := os.WriteFile(mark, []byte("first begun\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var during string
	b := p.board(t, "pi-1", func(o *fleet.PublisherOptions) {
		o.Obey = func(context.Context, fleet.Order, []byte) fleet.Outcome {
			during = readFile(t, mark)
			return fleet.Outcome{OK: true}
		}
	})
	if o := next(); o.Order != "first" || o.OK || !strings.Contains(o.Error, "ended while") || o.Board != "pi-1" {
		t.Errorf("%+v, expected that the first order is given up", o)
	}
	give("second")
	if o := next(); o.Order != "second" || !o.OK {
		t.Errorf("%+v, expected that the second order is carried out", o)
	}
	closeAll(t, b)
	if after := readFile(t, mark); during != "second begun\n" || after != "second\n" {
		t.Errorf("the mark is %q and then %q", during, after)
	}
}

// TestClosedHub is not started again.
func TestClosedHub(t *testing.T) {
	t.Parallel()
	h, err := Start(t.Context(), Options{Listen: "127.0.0.1:0", Store: t.TempDir(), Sync: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	if err := h.Reload(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, expected %v", err, ErrClosed)
	}
	if _, err := nats.Connect(h.URL(), nats.Timeout(time.Second)); err == nil {
		t.Error("somebody listens")
	}
}

// TestRate counts decisions a second while the clock of the hub goes on, jumps ahead,
// and back.
func TestRate(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	var r rate
	second := func(n int) {
		for range n {
			r.add(at)
		}
		at = at.Add(time.Second)
	}
	for range 20 {
		second(7)
	}
	if got := r.perSecond(at); got != 7 {
		t.Errorf("%v a second, expected 7", got)
	}
	for _, jump := range []time.Duration{24 * time.Hour, -48 * time.Hour, -1_799_900_000 * time.Second, time.Hour} {
		at = at.Add(jump)
		if got := r.perSecond(at); got != 0 {
			t.Errorf("%v a second after a jump by %v, expected 0", got, jump)
		}
		for range 9 {
			second(3)
		}
		if got := r.perSecond(at); got != 3 {
			t.Errorf("%v a second after a jump by %v, expected 3", got, jump)
		}
	}
}

// TestExpire removes, when a hub starts, the jobs that were kept for too long.
func TestExpire(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	batches := func() *fleet.Batches {
		b, err := fleet.NewBatches(p.connect(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := batches()
	job := &fleet.Job{Name: "old", Chunk: 10, Inputs: []fleet.JobInput{{Name: "a.npy", File: "a.npy", Size: 4, Samples: 25}}}
	var err error
	if job.Model, err = b.Store(t.Context(), fleet.ModelBucket, []byte("model")); err == nil {
		job.Inputs[0].SHA256, err = b.Store(t.Context(), fleet.InputBucket, []byte("data"))
	}
	if err == nil {
		err = b.Submit(t.Context(), job, func(int, int) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	p.start(t)
	if jobs, err := batches().Jobs(t.Context()); err != nil || len(jobs) != 1 || jobs[0].Name != "old" {
		t.Fatal(jobs, err)
	}
	p.stop()
	p.o.Keep.Age = time.Second
	time.Sleep(p.o.Keep.Age)
	p.start(t)
	eventually(t, "a line on the job", func() bool { return p.log.has(`1 jobs were kept for 1s and are removed: ["old"]`) })
	b = batches()
	if jobs, err := b.Jobs(t.Context()); err != nil || len(jobs) != 0 {
		t.Error(jobs, err)
	}
	for _, task := range job.Tasks {
		if waits, err := b.Waits(t.Context(), &task); waits || err != nil {
			t.Errorf("task %s waits, %v", task.Key, err)
		}
	}
	if err := b.Remove(t.Context(), "old"); !errors.Is(err, fleet.ErrNoJob) {
		t.Errorf("%v, expected %v", err, fleet.ErrNoJob)
	}
	// Without what it needs a job is not queued.
	if err := b.Submit(t.Context(), job, func(int, int) {}); err == nil || !strings.Contains(err.Error(), "submit job old again") {
		t.Errorf("%v, expected that the model is gone", err)
	}
}

// health returns what the hub says of itself.
func health(t *testing.T, p *place) (code int, text string) {
	t.Helper()
	a, err := http.Get(p.hub.PageURL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(data)
}

// TestNoRoom has a hub start without room for the stream of a board: it says so, and
// makes the stream when there is room.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(o *Options) {
		o.Page, o.StoreBytes, o.Keep = "127.0.0.1:0", 45<<20, fleet.Keep{Bytes: 8 << 20, Batch: 12 << 20}
	}, "operator anna")
	if code, text := health(t, p); code != http.StatusOK {
		t.Fatal(code, text)
	}
	js, err := jetstream.New(p.connect(t, "anna"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "other", Subjects: []string{"other"}, MaxBytes: 16 << 20}); err != nil {
		t.Fatal(err)
	}
	for _, board := range []string{"pi-1", "pi-2"} {
		p.user(t, Board, board)
	}
	if err := p.hub.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, text := health(t, p); code != http.StatusServiceUnavailable || !strings.Contains(text, "snurun-pi-1") || !strings.Contains(text, "1 boards more") {
		t.Errorf("%d %s, expected that two streams are missing", code, text)
	}
	r, err := http.NewRequest("GET", p.hub.PageURL()+"/boards", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(credentialsOf(t, p, "anna"))
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var shown struct{ Unwell string }
	if err := json.NewDecoder(a.Body).Decode(&shown); err != nil || !strings.Contains(shown.Unwell, "snurun-pi-1") {
		t.Errorf("the page is told %+v, %v", shown, err)
	}
	eventually(t, "the operator", func() bool { return js.Conn().IsConnected() })
	if err := js.DeleteStream(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a hub that is well", func() bool {
		code, _ := health(t, p)
		return code == http.StatusOK
	})
	for _, stream := range []string{"snurun-pi-1", "snurun-pi-2"} {
		if _, err := js.Stream(t.Context(), stream); err != nil {
			t.Errorf("stream %s: %v", stream, err)
		}
	}
}

// TestManyStrangers has a thousand boards come at once that nobody announced: they are
// adopted one after another.
func TestManyStrangers(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	const n = 1000
	for i := range n {
		p.hub.page.lock.Lock()
		p.hub.page.board(fmt.Sprintf("snurun.b%d.health", i))
		p.hub.page.lock.Unlock()
	}
	all := make([]byte, 64<<20)
	all = all[:goruntime.Stack(all, true)]
	if n := strings.Count(string(all), "fleet.Adopt("); n > 20 { // of other tests, too
		t.Errorf("%d boards are adopted at once", n)
	}
	eventually(t, "all to be looked at", func() bool { return len(p.hub.page.strangers) == 0 })
}
