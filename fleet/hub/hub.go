package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/crypto/bcrypt"

	"github.com/snurun/snurun/fleet"
)

// Options say how a hub runs.
type Options struct {
	Name   string // of the server; empty: snurun-hub
	Listen string // HOST:PORT of NATS
	MQTT   string // HOST:PORT of MQTT; empty: none
	Page   string // HOST:PORT of the page; empty: none
	Store  string // folder of everything that is kept
	Users  string // file of users; empty: everybody on this machine may do everything

	// Cert, Key and CA are for TLS, of NATS, MQTT and the page; with CA, clients
	// of NATS and MQTT have to show a certificate that it signed.
	Cert, Key, CA string

	// Sync is how long what is stored may be in the system's memory alone, for a
	// power cut; 0: not at all.
	Sync time.Duration

	// StoreBytes bounds the store; 0: what is free when the hub starts, less
	// Reserve.
	StoreBytes int64

	// Keep says what is kept; a Batch of 0 stands for fleet.DefaultBatch, or half of
	// the store where that is less.
	fleet.Keep

	Log func(string) // in one line; may be nil
}

// Reserve is what a hub leaves free on its disk.
const Reserve = 32 << 20

// Hub is a hub that runs. Start makes one.
type Hub struct {
	o      Options
	log    *lines
	secret string // password of the hub's own connection
	hash   string // of it
	page   *page

	restart sync.Mutex // while the server is started anew
	closed  bool

	lock    sync.Mutex
	server  *server.Server
	nc      *nats.Conn
	keep    fleet.Keep // of the server
	room    int64      // bytes that it may store
	missing error      // why streams are not there that should be
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Start starts a hub and returns when it can be used.
func Start(ctx context.Context, o Options) (*Hub, error) {
	if o.Name == "" {
		o.Name = "snurun-hub"
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	store, err := filepath.Abs(o.Store)
	if err != nil {
		return nil, fmt.Errorf("hub: store: %w", err)
	}
	o.Store = store
	if err := os.MkdirAll(o.Store, 0o700); err != nil {
		return nil, fmt.Errorf("hub: store: %w", err)
	}
	h := &Hub{o: o, log: &lines{print: o.Log}, secret: rand.Text()}
	hash, err := bcrypt.GenerateFromPassword([]byte(h.secret), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	h.hash = string(hash)
	h.page = newPage(h)
	if _, err := os.Stat(filepath.Join(o.Store, server.JetStreamStoreDir)); errors.Is(err, os.ErrNotExist) {
		// Nobody finds a hub without its streams.
		if err := h.start(ctx, false); err != nil {
			return nil, err
		}
		h.down()
	}
	if err := h.up(ctx); err != nil {
		return nil, err
	}
	if o.Page != "" {
		if err := h.page.listen(); err != nil {
			h.down()
			return nil, err
		}
	}
	watch, stop := context.WithCancel(context.Background())
	h.stop = stop
	h.done.Go(func() { h.watch(watch) })
	h.done.Go(func() { h.expire(watch) })
	h.done.Go(func() { h.adopt(watch) })
	return h, nil
}

// check refuses what would let strangers in.
func (o *Options) check() error {
	if o.Store == "" {
		return errors.New("hub: no folder to store in: expected --store DIR")
	}
	if (o.Cert == "") != (o.Key == "") || o.CA != "" && o.Cert == "" {
		return fmt.Errorf("hub: certificate %q, key %q, CA %q: expected certificate and key together", o.Cert, o.Key, o.CA)
	}
	for _, a := range []string{o.Listen, o.MQTT, o.Page} {
		if a == "" && a != o.Listen {
			continue
		}
		host, _, err := address(a)
		if err != nil {
			return err
		}
		if ip := net.ParseIP(host); o.Users == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("hub: %s can be reached from other machines, and without --users everybody may do everything: make a file of users with 'snurun-hub user add', or listen on 127.0.0.1", a)
		}
	}
	return nil
}

func (h *Hub) users() ([]User, error) {
	if h.o.Users == "" {
		return nil, nil
	}
	users, err := ReadUsers(h.o.Users)
	if err == nil && users == nil {
		users = []User{}
	}
	return users, err
}

// options returns the options of the server as the files say now, and what it keeps.
func (h *Hub) options() (*server.Options, fleet.Keep, []User, error) {
	keep := h.o.Keep
	users, err := h.users()
	if err != nil {
		return nil, keep, nil, err
	}
	o := h.o
	if o.StoreBytes == 0 {
		if free, ok := freeBytes(o.Store); ok {
			used := sizeOf(o.Store)
			o.StoreBytes = max(free+used-Reserve, used+1<<20)
		}
	}
	if keep.Batch == 0 {
		if keep.Batch = fleet.DefaultBatch; o.StoreBytes > 0 {
			keep.Batch = min(keep.Batch, o.StoreBytes/2)
		}
	}
	text, err := o.config(users, h.hash)
	if err != nil {
		return nil, keep, nil, err
	}
	so := &server.Options{NoSigs: true, DisableJetStreamBanner: true}
	if err := so.ProcessConfigString(text); err != nil {
		return nil, keep, nil, fmt.Errorf("hub: %w", err)
	}
	return so, keep, users, nil
}

// up starts the server and makes its streams.
func (h *Hub) up(ctx context.Context) error { return h.start(ctx, true) }

// start starts the server, for others or for the hub alone.
func (h *Hub) start(ctx context.Context, listen bool) error {
	so, keep, users, err := h.options()
	if err != nil {
		return err
	}
	if !listen {
		so.DontListen, so.MQTT.Port = true, 0
	}
	s, err := server.NewServer(so)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	s.SetLoggerV2(h.log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return fmt.Errorf("hub: the server does not start on %s: see the lines before", h.o.Listen)
	}
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.Name(insider), nats.UserInfo(insider, h.secret),
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		s.Shutdown()
		return fmt.Errorf("hub: %w", err)
	}
	h.lock.Lock()
	h.server, h.nc, h.keep, h.room = s, nc, keep, so.JetStreamMaxStore
	if listen {
		h.o.Listen = s.Addr().String() // the same if it starts again
	}
	h.lock.Unlock()
	err = h.setup(ctx, keep, users)
	if h.lack(err) {
		// What is there can be read, and the watch tries again.
		h.log.Errorf("%v", err)
		err = nil
	}
	if err == nil {
		err = h.page.subscribe(ctx, nc)
	}
	if err != nil {
		h.down()
	}
	return err
}

// lack notes why streams are missing, nil if none is, and reports whether they can be
// made later.
func (h *Hub) lack(why error) bool {
	h.lock.Lock()
	s := h.server
	h.missing = why
	h.lock.Unlock()
	if why == nil {
		return false
	}
	_, disk := h.diskFull()
	return isFull(why) || disk || s != nil && !s.JetStreamEnabled()
}

// diskFull returns how many bytes are free, and whether that is too little.
func (h *Hub) diskFull() (free int64, yes bool) {
	free, ok := freeBytes(h.o.Store)
	return free, ok && free < Reserve/4
}

// unwell says what is wrong with the hub, empty for nothing.
func (h *Hub) unwell() string {
	h.lock.Lock()
	s, missing := h.server, h.missing
	h.lock.Unlock()
	if why := storeError(s); why != "" {
		return why
	}
	if missing != nil {
		return "streams are missing: " + missing.Error()
	}
	return ""
}

// isFull reports whether a stream found no room.
func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == 10047 || api.ErrorCode == 10023 || api.Code == 503)
}

func (h *Hub) setup(ctx context.Context, keep fleet.Keep, users []User) error {
	js, err := jetstream.New(h.nc)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	var boards []string
	for _, u := range users {
		if u.Role == Board || u.Role == MQTTBoard {
			boards = append(boards, u.Name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return fleet.Setup(ctx, js, keep, boards)
}

// adopt brings the streams of boards that nobody announced, which the boards made by
// themselves, to what the hub keeps of each, one after another.
func (h *Hub) adopt(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case board := <-h.page.strangers:
			err := h.adoptOne(ctx, board)
			for errors.Is(err, nats.ErrConnectionClosed) && ctx.Err() == nil {
				select { // the server starts again
				case <-ctx.Done():
				case <-time.After(time.Second):
					err = h.adoptOne(ctx, board)
				}
			}
			if err != nil && ctx.Err() == nil {
				h.log.Warnf("board %s: %v", board, err)
			}
		}
	}
}

func (h *Hub) adoptOne(ctx context.Context, board string) error {
	h.lock.Lock()
	nc := h.nc
	h.lock.Unlock()
	if nc == nil {
		return nats.ErrConnectionClosed
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return fleet.Adopt(ctx, js, h.o.Keep, board)
}

func (h *Hub) down() {
	h.lock.Lock()
	s, nc := h.server, h.nc
	h.server, h.nc = nil, nil
	h.lock.Unlock()
	if nc != nil {
		nc.Close()
	}
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// watch starts the server again where it gave up its store, or a stream of it, as it
// does on a full disk, once there is room.
func (h *Hub) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var w watched
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.revive(ctx, &w)
		}
	}
}

// watched is what the watch knows.
type watched struct {
	told     bool // it was said that the disk is full
	start    pause
	complete pause
}

// pause grows from try to try.
type pause struct {
	length time.Duration
	over   time.Time
}

const longestPause = time.Minute

// begin begins the next pause and returns true if none is on.
func (p *pause) begin() bool {
	if time.Now().Before(p.over) {
		return false
	}
	p.length = min(max(2*p.length, time.Second), longestPause)
	p.over = time.Now().Add(p.length)
	return true
}

// The times between looks at what has been kept for too long, and at one.
const (
	expireEvery = time.Hour
	expireTime  = 10 * time.Minute
)

// expire removes jobs that have been kept for too long.
func (h *Hub) expire(ctx context.Context) {
	age := h.o.Age
	if age == 0 {
		age = fleet.DefaultAge
	}
	for {
		h.lock.Lock()
		nc := h.nc
		h.lock.Unlock()
		if nc != nil {
			looking, cancel := context.WithTimeout(ctx, expireTime)
			b, err := fleet.NewBatches(nc)
			var removed []string
			if err == nil {
				removed, err = b.Expire(looking, age)
			}
			cancel()
			if len(removed) > 0 {
				h.log.Noticef("%d jobs were kept for %v and are removed: %.300q", len(removed), age, removed)
			}
			if err != nil && ctx.Err() == nil {
				h.log.Warnf("old jobs cannot be removed: %v", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(expireEvery):
		}
	}
}

// revive looks at the server once.
func (h *Hub) revive(ctx context.Context, w *watched) {
	h.restart.Lock()
	defer h.restart.Unlock()
	h.lock.Lock()
	s := h.server
	h.lock.Unlock()
	why := storeError(s)
	if why == "" {
		if time.Since(w.start.over) > longestPause {
			w.start = pause{}
		}
		w.told = false
		h.complete(ctx, w)
		return
	}
	if free, full := h.diskFull(); full {
		if !w.told {
			h.log.Errorf("the store %s is full, %d bytes are free: nothing is kept until there is room; boards hold what they have", h.o.Store, free)
		}
		w.told = true
		return
	}
	if !w.start.begin() {
		return
	}
	w.told = false
	h.again(ctx, why)
}

func (h *Hub) again(ctx context.Context, why string) {
	h.log.Warnf("the server starts again: %s", why)
	h.down()
	if err := h.up(ctx); err != nil && ctx.Err() == nil {
		h.log.Errorf("%v", err)
	}
}

// complete makes the streams that found no room before.
func (h *Hub) complete(ctx context.Context, w *watched) {
	h.lock.Lock()
	missing, keep, room := h.missing, h.keep, h.room
	h.lock.Unlock()
	if missing == nil {
		w.complete = pause{}
		return
	}
	if !w.complete.begin() {
		return
	}
	so, _, users, err := h.options()
	if err != nil {
		h.log.Errorf("%v", err)
		return
	}
	err = h.setup(ctx, keep, users)
	if ctx.Err() != nil {
		return
	}
	h.lack(err)
	switch {
	case err == nil:
		h.log.Noticef("all streams are there")
	case so.JetStreamMaxStore-room >= minRoom:
		h.again(ctx, fmt.Sprintf("its disk has room for %d bytes, had %d", so.JetStreamMaxStore, room))
	case err.Error() != missing.Error():
		h.log.Errorf("%v", err)
	}
}

// minRoom is how much more room there has to be for the server to start again with it.
const minRoom = 4 << 20

// storeError says why a server keeps nothing, or a stream of it: after a write that
// failed, a stream takes nothing until the server starts again.
func storeError(s *server.Server) string {
	if s == nil || !s.Running() {
		return "it does not run"
	}
	if !s.JetStreamEnabled() {
		return "its store was given up"
	}
	for _, e := range s.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if strings.Contains(e.Error, "write error") {
			return e.Error
		}
	}
	return ""
}

// ErrClosed is the error of a hub that was closed.
var ErrClosed = errors.New("hub: it is closed")

// Reload reads the file of users, the certificate and its key again and starts the
// server anew with them; who may still connect does so within seconds, and boards hold
// what they have. A file that cannot be read changes nothing.
func (h *Hub) Reload(ctx context.Context) error {
	h.restart.Lock()
	defer h.restart.Unlock()
	if h.closed {
		return ErrClosed
	}
	_, _, users, err := h.options()
	if err == nil {
		err = h.page.readCertificate()
	}
	if err != nil {
		return err
	}
	h.down()
	if err := h.up(ctx); err != nil {
		return err // the watch tries again
	}
	h.log.Noticef("%d users are read again", len(users))
	return nil
}

// URL returns the address that clients on this machine connect to.
func (h *Hub) URL() string {
	h.lock.Lock()
	defer h.lock.Unlock()
	scheme := "nats://"
	if h.o.Cert != "" {
		scheme = "tls://"
	}
	return scheme + h.o.Listen
}

// PageURL returns the address of the page, empty for none.
func (h *Hub) PageURL() string { return h.page.url() }

// Close stops the hub; what it stored is on disk.
func (h *Hub) Close() {
	h.stop()
	h.done.Wait()
	h.restart.Lock()
	defer h.restart.Unlock()
	h.closed = true
	h.page.close()
	h.down()
}

func sizeOf(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}
