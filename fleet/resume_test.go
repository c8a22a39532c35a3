package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// played is the stream of board pi-1 as a server shows it, which can lose its sight of
// messages, have them deleted, and keep its answers.
type played struct {
	t        *testing.T
	lock     sync.Mutex
	messages []*nats.Msg // numbered from 1; nil: deleted
	hidden   [2]int      // the numbers from the first to below the second cannot be read
	looks    int         // so often; −1: for ever
	mute     bool
	wide     bool     // it takes everything of the board, not its decisions alone
	sessions int      // that were begun
	seen     []string // ids, as they came
}

func play(t *testing.T) (f *played, url string) {
	t.Helper()
	nc := serve(t, &server.Options{MaxPayload: 4 << 20}) // a server's own answers have no bound
	f = &played{t: t, looks: -1}
	for subject, answer := range map[string]func(*nats.Msg) *nats.Msg{
		"$JS.API.STREAM.INFO.snurun-pi-1":  f.info,
		"$JS.API.DIRECT.GET.snurun-pi-1":   f.get,
		"$JS.API.DIRECT.GET.snurun-pi-1.>": f.get,
		"snurun.pi-1.decision":             f.take,
	} {
		if _, err := nc.Subscribe(subject, func(m *nats.Msg) {
			f.lock.Lock()
			defer f.lock.Unlock()
			if a := answer(m); a != nil {
				if err := m.RespondMsg(a); err != nil {
					t.Error(err)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return f, nc.ConnectedUrl()
}

func (f *played) info(m *nats.Msg) *nats.Msg {
	state := map[string]any{"messages": 0, "first_seq": 1, "last_seq": len(f.messages)}
	var deleted []int
	for i, m := range f.messages {
		if m == nil {
			deleted = append(deleted, i+1)
		}
	}
	state["messages"] = len(f.messages) - len(deleted)
	if strings.Contains(string(m.Data), "deleted_details") {
		state["deleted"] = deleted
	} else {
		f.sessions++
	}
	subject := "snurun.pi-1.decision"
	if f.wide {
		subject = "snurun.pi-1.>"
	}
	data, err := json.Marshal(map[string]any{"config": map[string]any{"subjects": []string{subject}, "allow_direct": true}, "state": state})
	if err != nil {
		f.t.Error(err)
	}
	return &nats.Msg{Data: data}
}

func (f *played) get(m *nats.Msg) *nats.Msg {
	sees := func(seq int) bool {
		return f.messages[seq-1] != nil && (seq < f.hidden[0] || seq >= f.hidden[1])
	}
	seq := len(f.messages)
	if m.Subject == "$JS.API.DIRECT.GET.snurun-pi-1" {
		var request struct{ Seq int }
		if err := json.Unmarshal(m.Data, &request); err != nil {
			f.t.Error(err)
		}
		seq = request.Seq
		if f.looks == 0 {
			f.hidden = [2]int{}
		}
		f.looks--
	} else {
		for seq > 0 && !sees(seq) {
			seq--
		}
	}
	if seq < 1 || seq > len(f.messages) || !sees(seq) {
		return &nats.Msg{Header: nats.Header{"Status": {"404"}}}
	}
	header := nats.Header{"Nats-Sequence": {strconv.Itoa(seq)}, nats.MsgIdHdr: {f.messages[seq-1].Header.Get(nats.MsgIdHdr)}}
	return &nats.Msg{Header: header, Data: f.messages[seq-1].Data}
}

func (f *played) take(m *nats.Msg) *nats.Msg {
	if last := m.Header.Get(nats.ExpectedLastSeqHdr); last != strconv.Itoa(len(f.messages)) && !(f.wide && last == "") {
		return &nats.Msg{Data: fmt.Appendf(nil, `{"error":{"code":400,"err_code":%d}}`, codeWrongLastSeq)}
	}
	f.messages = append(f.messages, m)
	f.seen = append(f.seen, m.Header.Get(nats.MsgIdHdr))
	if f.mute {
		return nil
	}
	return &nats.Msg{Data: fmt.Appendf(nil, `{"stream":"snurun-pi-1","seq":%d}`, len(f.messages))}
}

// change changes the stream.
func (f *played) change(by func()) {
	f.lock.Lock()
	defer f.lock.Unlock()
	by()
}

// resumed is what becomes of a stream while the board is cut off, and what is expected
// then.
type resumed struct {
	anew         bool // the board's program begins anew
	answered     bool // all that was sent
	change       func(*played)
	twice        int // decisions that come again
	says, unlike string
}

// TestResume cuts boards off whose streams then cannot show their last messages, or
// have lost them: every decision is in the stream, once, in order, and no board waits
// for what does not come.
func TestResume(t *testing.T) {
	t.Parallel()
	remove := func(n int) func(*played) {
		return func(f *played) {
			for i := range n {
				f.messages[len(f.messages)-1-i] = nil
			}
		}
	}
	hide := func(n, looks int) func(*played) {
		return func(f *played) { f.hidden, f.looks = [2]int{len(f.messages) - n + 1, len(f.messages) + 1}, looks }
	}
	var wait sync.WaitGroup // all at once: they wait
	for name, c := range map[string]resumed{
		"a server is behind":        {false, false, hide(4, 2), 0, "cannot be read yet", "perhaps"},
		"damaged":                   {false, false, hide(4, -1), 0, "cannot be read yet", "perhaps"},
		"damaged, begun anew":       {true, false, hide(4, -1), 0, "cannot be read yet", "perhaps"},
		"damaged before, anew":      {true, false, hide(first+second-1, -1), 0, "cannot be read yet", "perhaps"},
		"all is damaged":            {false, false, hide(first+second, -1), 0, "cannot be read yet", "perhaps"},
		"all is damaged, anew":      {true, false, hide(first+second, -1), second, "perhaps twice", "?"},
		"deleted":                   {false, true, remove(2), 0, "connected", "cannot be read"},
		"deleted before an answer":  {false, false, remove(2), 2, "connected", "cannot be read"},
		"deleted, anew":             {true, false, remove(2), 2, "connected", "cannot be read"},
		"all deleted, but answered": {false, true, remove(first + second), 0, "connected", "cannot be read"},
	} {
		f, url := play(t)
		o := PublisherOptions{Access: Access{URL: url}, Board: "pi-1", Spool: filepath.Join(t.TempDir(), "spool")}
		wait.Go(func() {
			if err := c.run(t.Context(), f, o); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wait.Wait()
}

// The decisions before the answers stop, and before the board is cut off.
const first, second = 3, 10

func (c *resumed) run(ctx context.Context, f *played, o PublisherOptions) (err error) {
	var lock sync.Mutex
	var said strings.Builder
	o.Log = func(line string) {
		lock.Lock()
		defer lock.Unlock()
		fmt.Fprintln(&said, line)
	}
	b, err := NewPublisher(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	defer func() { err = errors.Join(err, b.Close(ctx)) }()
	n := 0
	decide := func(count int) {
		for range count {
			b.Decision(fmt.Appendf(nil, `{"n":%d}`, n))
			n++
		}
	}
	until := func(ok func() bool) {
		for !ok() && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
	decide(first)
	until(func() bool { return b.Waiting().Pending == 0 })
	f.change(func() { f.mute = !c.answered })
	decide(second)
	until(func() bool {
		f.lock.Lock()
		defer f.lock.Unlock()
		return len(f.seen) == n && (!c.answered || b.Waiting().Pending == 0)
	})
	var sessions int
	f.change(func() {
		f.mute = false
		c.change(f)
		sessions = f.sessions
	})
	if c.anew {
		ended, end := context.WithCancel(ctx)
		end()
		if err := b.Close(ended); err == nil {
			return errors.New("everything was answered")
		}
		if b, err = NewPublisher(o); err != nil {
			return err
		}
	} else if err := b.link.(*natsLink).nc.ForceReconnect(); err != nil {
		return err
	}
	until(func() bool {
		f.lock.Lock()
		defer f.lock.Unlock()
		return f.sessions > sessions
	})
	decide(2)
	if err := b.Close(ctx); err != nil {
		return fmt.Errorf("%w; the board said\n%s", err, said.String())
	}
	last := -1
	for _, m := range f.messages {
		if m == nil {
			continue
		}
		var d struct{ N int }
		if err := json.Unmarshal(m.Data, &d); err != nil || d.N <= last && c.twice == 0 {
			return fmt.Errorf("%s behind number %d, %v", m.Data, last, err)
		}
		last = d.N
	}
	ids := map[string]bool{}
	for _, id := range f.seen {
		ids[id] = true
	}
	if len(ids) != n || len(f.seen)-n != c.twice || last != n-1 {
		return fmt.Errorf("%d of %d decisions to number %d, %d twice, expected %d", len(ids), n, last, len(f.seen)-n, c.twice)
	}
	if text := said.String(); !strings.Contains(text, c.says) || strings.Contains(text, c.unlike) {
		return fmt.Errorf("the board said\n%s", text)
	}
	if blind := b.link.(*natsLink).blind; blind != 0 {
		return fmt.Errorf("%d sessions are still counted that saw nothing", blind)
	}
	return nil
}

// TestWideStream publishes to a stream that takes the board's health too: no message can
// name the number of the one before.
func TestWideStream(t *testing.T) {
	t.Parallel()
	f, url := play(t)
	f.change(func() { f.wide, f.messages = true, []*nats.Msg{{Data: []byte("{}")}} })
	b, err := NewPublisher(PublisherOptions{Access: Access{URL: url}, Board: "pi-1", Spool: filepath.Join(t.TempDir(), "spool")})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		b.Decision(fmt.Appendf(nil, `{"n":%d}`, n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if len(f.seen) != 3 {
		t.Errorf("%d messages came, expected 3", len(f.seen))
	}
	for _, m := range f.messages[1:] {
		if last := m.Header.Get(nats.ExpectedLastSeqHdr); last != "" {
			t.Errorf("%s expects to be behind %s", m.Data, last)
		}
	}
}

// blindLink returns a link to a played stream that goes on by what it knows, without
// sessions that wait, and its spool, of which the records are stored by store.
func blindLink(t *testing.T, o SpoolOptions) (l *natsLink, f *played, store func(records ...uint64)) {
	t.Helper()
	f, url := play(t)
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	p := &Publisher{prefix: Prefix("pi-1"), spool: open(t, t.TempDir(), o)}
	p.o.Log = func(line string) { t.Log(line) }
	l = &natsLink{p: p, nc: nc, api: api{nc, ownAPI}, stream: StreamOf(p.prefix)}
	return l, f, func(records ...uint64) {
		f.change(func() {
			for _, r := range records {
				f.messages = append(f.messages, &nats.Msg{Data: []byte("{}"), Header: nats.Header{nats.MsgIdHdr: {p.id(r)}}})
			}
		})
	}
}

// blind hides the last messages of the stream, and resumes.
func blind(t *testing.T, l *natsLink, f *played, hidden int) {
	t.Helper()
	f.change(func() { f.hidden, f.looks = [2]int{len(f.messages) - hidden + 1, len(f.messages) + 1}, -1 })
	l.blind = maxBlind
	if _, _, err := l.resume(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestResumeDropped has the spool give up records that were stored without an answer, and
// others that were never sent: those that wait are not taken for them.
func TestResumeDropped(t *testing.T) {
	t.Parallel()
	for _, hidden := range []int{1, first + second} {
		l, f, store := blindLink(t, SpoolOptions{Bytes: MinSpool, DropOldest: true})
		for i := range first + second {
			r := put(t, l.p.spool, "{}")
			store(r)
			if i == first-1 {
				l.p.spool.Ack(r)
				l.known = place{first, r}
			}
		}
		for l.p.spool.State().Dropped < second+20 {
			put(t, l.p.spool, strings.Repeat("x", 1000))
		}
		before := l.p.spool.acknowledged()
		blind(t, l, f, hidden)
		if acked := l.p.spool.acknowledged(); acked != before {
			t.Errorf("%d hidden: %d records were never sent and are acknowledged", hidden, acked-before)
		}
	}
}

// TestResumeDeleted deletes the last messages of a stream, or all: when the board has
// sent again what was not answered, and cannot see it, it does not count the numbers that
// are used up as records that are stored.
func TestResumeDeleted(t *testing.T) {
	t.Parallel()
	const stored, deleted = 12, 2
	for name, c := range map[string]struct{ deleted, hidden int }{
		"the last":                {deleted, 0},
		"the last, others hidden": {deleted, stored - deleted},
		"all":                     {stored, 0},
	} {
		l, f, store := blindLink(t, SpoolOptions{})
		var records []uint64
		for range stored + 10 {
			records = append(records, put(t, l.p.spool, "{}"))
		}
		store(records[:stored]...)
		kept := stored - deleted
		l.p.spool.Ack(records[0])
		l.known = place{1, records[0]}
		f.change(func() {
			for i := range c.deleted {
				f.messages[stored-1-i] = nil
			}
		})
		if c.deleted == stored {
			kept = 1 // what was answered
		}
		blind(t, l, f, c.deleted+c.hidden)
		if acked := l.p.spool.acknowledged(); acked != records[kept-1] {
			t.Fatalf("%s: acknowledged up to %x, expected %x", name, acked, records[kept-1])
		}
		store(records[kept]) // again, without an answer
		blind(t, l, f, len(f.messages))
		if acked := l.p.spool.acknowledged(); acked != records[kept] {
			t.Errorf("%s: acknowledged up to %x, expected %x", name, acked, records[kept])
		}
	}
}

// TestResumePurged resumes a stream of which so many messages were deleted that the list
// of them is longer than a message.
func TestResumePurged(t *testing.T) {
	t.Parallel()
	l, f, store := blindLink(t, SpoolOptions{})
	store(put(t, l.p.spool, "{}"))
	waits := put(t, l.p.spool, "{}")
	const purged = 200_000
	f.change(func() { f.messages = append(f.messages, make([]*nats.Msg, purged)...) })
	last, chained, err := l.resume(t.Context())
	if err != nil || !chained || last != purged+1 {
		t.Fatalf("%d, %t, %v, expected to go on behind %d", last, chained, err, purged+1)
	}
	if acked := l.p.spool.acknowledged(); acked != waits-1 {
		t.Errorf("acknowledged up to %x, expected %x", acked, waits-1)
	}
}
