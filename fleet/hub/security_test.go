package hub

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

// heard subscribes an operator to everything that a fleet says.
func heard(t *testing.T, nc *nats.Conn) *nats.Subscription {
	t.Helper()
	sub, err := nc.SubscribeSync("snurun.>")
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// TestBoardsApart tries, as one board, all ways to another's subjects: to publish,
// to subscribe, to read its stream, to make, change or delete streams, and to have
// the server answer under another's subject. Only what is its own arrives.
func TestBoardsApart(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil, "board pi-1", "board pi-2", "operator anna")
	anna := p.connect(t, "anna")
	everything := heard(t, anna)
	violations := make(chan error, 100)
	thief := p.connect(t, "pi-1", nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { violations <- err }))
	ears, err := thief.SubscribeSync(">") // in its own account, where nothing else is
	if err != nil {
		t.Fatal(err)
	}

	own := []byte(`{"n":0}`)
	for _, kind := range []string{"decision", "summary", "report", "health", "command"} {
		if err := thief.Publish("snurun.pi-2."+kind, own); err != nil {
			t.Fatal(err)
		}
		// The answer of the server to something allowed, sent where it is not.
		if err := thief.PublishRequest("snurun.pi-1.decision", "snurun.pi-2."+kind, own); err != nil {
			t.Fatal(err)
		}
		for _, api := range []string{"$JS.API.", fleet.HubAPI} {
			if err := thief.PublishRequest(api+"DIRECT.GET.snurun-pi-1", "snurun.pi-2."+kind, []byte(`{"seq":1}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, subject := range []string{"snurun.pi-1.command", "snurun.task.j.k", "snurun.result.j.k", "$JS.ACK.snurun-tasks.workers.1.1.1.1.1"} {
		if err := thief.Publish(subject, own); err != nil {
			t.Fatal(err)
		}
	}
	for _, api := range []string{"$JS.API.", fleet.HubAPI} {
		for _, request := range []string{
			"STREAM.INFO.snurun-pi-2", "DIRECT.GET.snurun-pi-2", "DIRECT.GET.snurun-pi-2.snurun.pi-2.decision", "STREAM.MSG.GET.snurun-pi-2",
			"DIRECT.GET.snurun-commands.snurun.pi-2.command", "DIRECT.GET.snurun-health.snurun.pi-2.health", "STREAM.NAMES", "STREAM.LIST",
			"STREAM.DELETE.snurun-pi-2", "STREAM.PURGE.snurun-pi-1", "STREAM.DELETE.snurun-pi-1", "STREAM.CREATE.mine", "CONSUMER.CREATE.snurun-pi-1", "CONSUMER.CREATE.OBJ_snurun-models",
		} {
			m, err := thief.Request(api+request, []byte(`{"seq":1}`), 200*time.Millisecond)
			if err != nil {
				continue
			}
			var answer struct{ Error *struct{ Code int } }
			if json.Unmarshal(m.Data, &answer) != nil || answer.Error == nil {
				t.Errorf("%s%s is answered: %s", api, request, m.Data)
			}
		}
	}
	if err := thief.Flush(); err != nil {
		t.Fatal(err)
	}
	// A word of the other board goes to the operator, and not to the thief.
	other := p.connect(t, "pi-2")
	if err := other.Publish("snurun.pi-2.health", []byte(`{"board":"pi-2","state":"running"}`)); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for kinds["snurun.pi-2.health"] == 0 {
		m, err := everything.NextMsg(time.Minute)
		if err != nil {
			t.Fatal(err, kinds)
		}
		if kinds[m.Subject]++; m.Subject == "snurun.pi-2.health" && !strings.Contains(string(m.Data), "running") {
			t.Errorf("%s: %s", m.Subject, m.Data)
		}
	}
	if kinds["snurun.pi-1.decision"] != 5 || len(kinds) != 2 {
		t.Errorf("the operator heard %v, expected the five own decisions and one state", kinds)
	}
	for {
		m, err := ears.NextMsg(300 * time.Millisecond)
		if err != nil {
			break
		}
		if strings.Contains(string(m.Data), "running") {
			t.Errorf("the thief heard %s: %s", m.Subject, m.Data)
		}
	}
	js, err := jetstream.New(anna)
	if err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]uint64{"snurun-pi-1": 5, "snurun-pi-2": 0, fleet.CommandStream: 0, fleet.TaskStream: 0, fleet.ResultStream: 0, fleet.HealthStream: 1} {
		s, err := js.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.CachedInfo().State.Msgs; n != want {
			t.Errorf("stream %s has %d messages, expected %d", stream, n, want)
		}
	}
}

// TestWorkersMay lists what a worker is kept from.
func TestWorkersMay(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil, "worker w1", "board pi-1", "operator anna")
	violations := make(chan error, 100)
	w := p.connect(t, "w1", nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { violations <- err }))
	for _, subject := range []string{"snurun.pi-1.decision", "snurun.pi-1.command", "snurun.task.j.k", "$JS.API.STREAM.DELETE.snurun-results", "$JS.API.STREAM.PURGE.snurun-tasks", "$O.snurun-models.M.x"} {
		if err := w.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-violations:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("%s: %v", subject, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: a worker may publish there", subject)
		}
	}
	if !p.log.has(`Publish Violation`) {
		t.Error("the hub logged no violation")
	}
}

// TestRefused tries to get in without a right to, and with too much to say: it is
// refused, and the hub logs it.
func TestRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(o *Options) { o.Page = "127.0.0.1:0" }, "board pi-1", "operator anna")
	for name, text := range map[string]string{"wrong": "pi-1:wrong", "nobody": "nobody:nothing", "insider": insider + ":guess", "none": ""} {
		file := p.credentials(name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := []nats.Option{nats.Timeout(5 * time.Second)}
		if user, password, ok := strings.Cut(text, ":"); ok {
			o = append(o, nats.UserInfo(user, password))
		}
		nc, err := nats.Connect("nats://"+p.o.Listen, o...)
		if err == nil {
			nc.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s: %v, expected that it is refused", name, err)
		}
	}
	if !p.log.has("authentication error") {
		t.Error("the hub logged nothing of it")
	}

	nc := p.connect(t, "pi-1")
	if max := nc.MaxPayload(); max != fleet.MaxMessage {
		t.Errorf("messages of %d bytes, expected %d", max, fleet.MaxMessage)
	}
	// A client that does not keep to it.
	raw := dial(t, p.o.Listen)
	user, password, _ := strings.Cut(strings.TrimSpace(readFile(t, p.credentials("pi-1"))), ":")
	connect, err := json.Marshal(map[string]any{"verbose": false, "user": user, "pass": password})
	if err != nil {
		t.Fatal(err)
	}
	raw.say("CONNECT %s\r\nPUB snurun.pi-1.decision 99999999\r\n%s\r\n", connect, strings.Repeat("x", 1000))
	if answer := raw.all(); !strings.Contains(answer, "Maximum Payload Violation") {
		t.Errorf("%q, expected that it is too long", answer)
	}
	eventually(t, "a line on the length", func() bool { return p.log.has("maximum payload exceeded") || p.log.has("Maximum Payload") })

	for name, status := range map[string]int{"": 401, "anna:wrong": 401, "pi-1:" + password: 401, strings.TrimSpace(readFile(t, p.credentials("anna"))): 200} {
		r, err := http.NewRequest("GET", p.hub.PageURL()+"/boards", nil)
		if err != nil {
			t.Fatal(err)
		}
		if user, password, ok := strings.Cut(name, ":"); ok {
			r.SetBasicAuth(user, password)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("the page answers %d, expected %d", answer.StatusCode, status)
		}
	}
}

// TestReload takes a user out while it is connected, and another in.
func TestReload(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil, "board pi-1", "operator anna")
	gone := make(chan struct{}, 10)
	nc := p.connect(t, "pi-1", nats.DisconnectErrHandler(func(*nats.Conn, error) { gone <- struct{}{} }))
	if err := RemoveUser(p.o.Users, "pi-1"); err != nil {
		t.Fatal(err)
	}
	p.user(t, Board, "pi-2")
	if err := p.hub.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("a user that is no longer one stays connected")
	}
	nc.Close()
	b := p.board(t, "pi-2", nil)
	b.Decision(decision(0))
	closeAll(t, b)
	expectAll(t, stored(t, p.connect(t, "anna"), "pi-2"), 1)
	if err := RemoveUser(p.o.Users, "nobody"); err == nil {
		t.Error("nobody was removed")
	}
}

// TestStrangers are kept out by default.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		{Listen: "0.0.0.0:0", Store: t.TempDir()},
		{Listen: ":0", Store: t.TempDir()},
		{Listen: "127.0.0.1:0", MQTT: "[::]:0", Store: t.TempDir()},
		{Listen: "127.0.0.1:0", Page: "192.0.2.1:0", Store: t.TempDir()},
		{Listen: "127.0.0.1:0"},
		{Listen: "127.0.0.1:0", Store: t.TempDir(), Cert: "only.pem"},
		{Listen: "127.0.0.1", Store: t.TempDir()},
		{Listen: "127.0.0.1:0", Store: t.TempDir(), Users: filepath.Join(t.TempDir(), "none")},
	} {
		if h, err := Start(t.Context(), o); err == nil {
			h.Close()
			t.Errorf("%+v starts", o)
		}
	}
	for _, text := range []string{"board pi-1", "king arthur x", "board a.b " + someHash, "operator anna secret", "operator anna " + someHash + "\nboard anna " + someHash, "operator snurun-hub " + someHash} {
		if users, err := readUsers(strings.NewReader("# users\n\n" + text)); err == nil {
			t.Errorf("%q is taken for %v", text, users)
		} else if !strings.Contains(err.Error(), "line ") {
			t.Errorf("%v names no line", err)
		}
	}
}

const someHash = "$2a$04$abcdefghijklmnopqrstuuRvK8MsIhjDzqfcQwYvWhvGqKbrUMC1G"

// TestPush gives models to a board: one that is right, one that is not what its
// digest says, one that is missing; and takes one back. Each order is obeyed once.
func TestPush(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil, "board pi-1", "operator anna")
	var lock sync.Mutex
	runs, was := "first", ""
	orders := 0
	obey := func(_ context.Context, o fleet.Order, model []byte) fleet.Outcome {
		lock.Lock()
		defer lock.Unlock()
		orders++
		out := fleet.Outcome{OK: true, Was: fleet.Digest([]byte(runs))}
		switch {
		case o.Op == fleet.Rollback:
			runs, was = was, runs
		case string(model) == "bad":
			out.OK, out.Error = false, "it is bad"
		default:
			runs, was = string(model), runs
		}
		out.Model = fleet.Digest([]byte(runs))
		return out
	}
	take := func(o *fleet.PublisherOptions) { o.Obey = obey }
	b := p.board(t, "pi-1", take)
	nc := p.connect(t, "anna")
	op, err := fleet.NewOperator(nc)
	if err != nil {
		t.Fatal(err)
	}
	var got []fleet.Outcome
	tell := func(o fleet.Outcome) { got = append(got, o) }
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	large := strings.Repeat("model ", 100_000) // several chunks
	for _, c := range []struct {
		model string
		ok    bool
		runs  string
	}{{large, true, large}, {"bad", false, large}, {"second", true, "second"}} {
		got = nil
		left, err := op.Push(ctx, []byte(c.model), "file", []string{"pi-1"}, tell)
		if err != nil || len(left) > 0 || len(got) != 1 || got[0].OK != c.ok || got[0].Model != fleet.Digest([]byte(c.runs)) {
			t.Fatalf("%.20q: %v, %v left, %d reports", c.model, err, left, len(got))
		}
	}
	got = nil
	if left, err := op.Rollback(ctx, []string{"pi-1"}, tell); err != nil || len(left) > 0 || len(got) != 1 || got[0].Model != fleet.Digest([]byte(large)) || got[0].Was != fleet.Digest([]byte("second")) {
		t.Errorf("%v, %v left, %d reports", err, left, len(got))
	}
	closeAll(t, b)

	// An object under a digest that is not its own, and none at all.
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	store, err := js.ObjectStore(ctx, fleet.ModelBucket)
	if err != nil {
		t.Fatal(err)
	}
	forged := fleet.Digest([]byte("what it should be"))
	if _, err := store.PutBytes(ctx, forged, []byte("what it is")); err != nil {
		t.Fatal(err)
	}
	b = p.board(t, "pi-1", take)
	reports, err := nc.SubscribeSync("snurun.pi-1.report")
	if err != nil {
		t.Fatal(err)
	}
	before := orders
	for i, o := range []fleet.Order{
		{ID: "a", Op: fleet.Push, Model: forged, Size: 10},
		{ID: "b", Op: fleet.Push, Model: fleet.Digest([]byte("missing")), Size: 7},
		{ID: "c", Op: fleet.Push, Model: forged, Size: fleet.MaxModel + 1},
		{ID: "d", Op: fleet.Push, Model: "../../etc/passwd", Size: 7},
		{ID: "e", Op: fleet.Push, Model: fleet.Digest([]byte("second")), Size: 7},
	} {
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(ctx, "snurun.pi-1.command", data); err != nil {
			t.Fatal(err)
		}
		m, err := reports.NextMsg(time.Minute)
		if err != nil {
			t.Fatal(i, err)
		}
		if r, err := fleet.ReadOutcome(m.Data); err != nil || r.Order != o.ID || r.OK || !strings.Contains(r.Error, "refused") {
			t.Errorf("order %s: %+v, %v", o.ID, r, err)
		}
	}
	if orders != before {
		t.Errorf("%d orders were obeyed, expected none", orders-before)
	}
	closeAll(t, b)
	// An order for a board that is away is found when it is back, once.
	op.Wait = 50 * time.Millisecond
	if left, err := op.Push(ctx, []byte("third"), "file", []string{"pi-1"}, tell); err != nil || len(left) != 1 {
		t.Fatal(left, err)
	}
	for range 2 {
		b = p.board(t, "pi-1", take)
		eventually(t, "the third model", func() bool {
			lock.Lock()
			defer lock.Unlock()
			return runs == "third"
		})
		time.Sleep(100 * time.Millisecond)
		closeAll(t, b)
	}
	if orders != before+1 {
		t.Errorf("%d orders were obeyed, expected one", orders-before)
	}
}

func withDeadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestPageOfOtherNames shows a hub without users to those alone who ask for this
// machine by a name of its own.
func TestPageOfOtherNames(t *testing.T) {
	t.Parallel()
	h, err := Start(t.Context(), Options{Listen: "127.0.0.1:0", Page: "127.0.0.1:0", Store: t.TempDir(), Sync: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	for host, want := range map[string]int{"": 200, "localhost:8222": 200, "[::1]:8222": 200, "board.example:8222": 403} {
		r, err := http.NewRequest("GET", h.PageURL()+"/boards", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("%q: %s, expected %d", host, a.Status, want)
		}
	}
}
