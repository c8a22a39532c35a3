package hub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/internal/outside"
)

// program returns the path of a program, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if p, err := exec.LookPath(path); err == nil {
			return p
		}
	}
	outside.Missing(t, name)
	return ""
}

// freeAddress returns an address on this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// foreign is another program's server on this machine.
type foreign struct {
	name, address string
	args          []string
	cmd           *exec.Cmd
}

func (s *foreign) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command(s.name, s.args...)
	var out bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	eventually(t, s.name, func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (s *foreign) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// TestOtherServer publishes to Debian's nats-server, which is killed and started
// again: to the board's own stream, and to one that it shares.
func TestOtherServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers of others")
	}
	t.Parallel()
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	s := &foreign{program(t, "nats-server"), address, []string{"-js", "-sd", t.TempDir(), "-a", host, "-p", port}, nil}
	s.start(t)
	nc, err := nats.Connect("nats://"+address, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := fleet.Setup(t.Context(), js, fleet.Keep{}, []string{"ready"}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "plant", Subjects: []string{"plant.>"}, AllowDirect: true}); err != nil {
		t.Fatal(err)
	}
	const each = 1500
	var log logged
	boards := map[string]*fleet.Publisher{}
	for board, path := range map[string]string{"ready": "", "new": "", "shared-1": "/plant/one", "shared-2": "/plant.two"} {
		b, err := fleet.NewPublisher(fleet.PublisherOptions{
			Access: fleet.Access{URL: "nats://" + address + path}, Board: board, Spool: filepath.Join(t.TempDir(), board),
			Log: func(line string) { log.add(board + ": " + line) },
		})
		if err != nil {
			t.Fatal(err)
		}
		boards[board] = b
	}
	for i := range each {
		for _, b := range boards {
			b.Decision(decision(i))
		}
		if i == each/3 || i == each/2 {
			time.Sleep(50 * time.Millisecond)
			s.kill()
			s.start(t)
		}
	}
	for _, b := range boards {
		closeAll(t, b)
	}
	for board, stream := range map[string]string{"ready": "snurun-ready", "new": "snurun-new", "shared-1": "plant", "shared-2": "plant"} {
		st, err := js.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err, log.String())
		}
		var numbers []int
		info := st.CachedInfo().State
		for seq := info.FirstSeq; seq <= info.LastSeq; seq++ {
			m, err := st.GetMsg(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			var d struct {
				Board string
				N     int
			}
			if err := json.Unmarshal(m.Data, &d); err != nil {
				t.Fatal(err)
			}
			if d.Board == board && strings.HasSuffix(m.Subject, ".decision") {
				numbers = append(numbers, d.N)
			}
		}
		expectAll(t, numbers, each)
	}
}

// TestMosquitto publishes to Debian's mosquitto, which is killed and started again;
// mosquitto_sub listens. Every decision arrives, those that come twice under the
// same id, and states and announcements are retained.
func TestMosquitto(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers of others")
	}
	t.Parallel()
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	dir := t.TempDir()
	config := filepath.Join(dir, "mosquitto.conf")
	// Persistence would hide what a sender has to do.
	if err := os.WriteFile(config, fmt.Appendf(nil, "listener %s %s\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n", port, host), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &foreign{program(t, "mosquitto"), address, []string{"-c", config}, nil}
	listener := program(t, "mosquitto_sub")
	s.start(t)

	var lock sync.Mutex
	ids, numbers := map[string]int{}, map[int]string{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	listening := make(chan struct{})
	go func() { // mosquitto_sub connects again by itself
		defer close(listening)
		cmd := exec.CommandContext(ctx, listener, "-h", host, "-p", port, "-q", "1", "-c", "-i", "listener", "-t", "snurun/cam/decision")
		out, err := cmd.StdoutPipe()
		if err != nil || cmd.Start() != nil {
			return
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var d struct {
				ID string
				N  int
			}
			if json.Unmarshal(lines.Bytes(), &d) == nil {
				lock.Lock()
				ids[d.ID]++
				numbers[d.N] = d.ID
				lock.Unlock()
			}
		}
		_ = cmd.Wait()
	}()
	var log logged
	b, err := fleet.NewPublisher(fleet.PublisherOptions{
		Access: fleet.Access{URL: "mqtt://" + address}, Board: "cam", Spool: filepath.Join(dir, "spool"), Discovery: "homeassistant", Log: log.add,
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	arrived := func(k int) func() bool {
		return func() bool {
			lock.Lock()
			defer lock.Unlock()
			return numbers[k] != ""
		}
	}
	// Until the listener is there, a broker throws away what comes.
	for !arrived(0)() {
		b.Decision(decision(0))
		time.Sleep(50 * time.Millisecond)
	}
	for n = 1; n < 400; n++ {
		b.Decision(decision(n))
	}
	eventually(t, "what was sent first", arrived(399))
	s.kill()
	for ; n < 800; n++ { // into the spool
		b.Decision(decision(n))
	}
	s.start(t)
	time.Sleep(3 * time.Second) // the listener is back before a new session begins to send, or what comes is queued for it
	for ; n < 1000; n++ {
		b.Decision(decision(n))
	}
	b.Health(fleet.State{Model: "m"})
	closeAll(t, b)
	eventually(t, "the last decision", arrived(999))

	out, err := exec.Command(listener, "-h", host, "-p", port, "-W", "2", "-v", "-t", "snurun/cam/health", "-t", "homeassistant/#").Output()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	if text := string(out); !strings.Contains(text, `"state":"stopped"`) || strings.Count(text, "/config {") != 5 || !strings.Contains(text, "homeassistant/sensor/snurun_snurun_cam/decision/config") {
		t.Errorf("retained is %s", text)
	}
	stop()
	<-listening
	lock.Lock()
	defer lock.Unlock()
	// What comes between the start of a broker without persistence and the return of
	// the listener goes to nobody; what the broker took before and after arrives.
	for k := range 1000 {
		if numbers[k] == "" && (k < 400 || k >= 800) {
			t.Errorf("decision %d did not arrive", k)
		}
	}
	if !log.has("no connection to mqtt://") || !log.has("wait in the spool") {
		t.Errorf("the board said %v", log.String())
	}
}

// TestWill kills a board that speaks MQTT: the broker says that it is offline.
func TestWill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers of others")
	}
	t.Parallel()
	listener := program(t, "mosquitto_sub")
	p := newPlace(t, func(o *Options) { o.MQTT = freeAddress(t) }, "mqtt-board cam", "operator anna")
	host, port, _ := net.SplitHostPort(p.o.MQTT)
	user, password, _ := strings.Cut(strings.TrimSpace(readFile(t, p.credentials("anna"))), ":")
	nc := p.connect(t, "anna")
	health, err := nc.SubscribeSync("snurun.cam.health")
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestChild$")
	child.Env = append(os.Environ(), asBoard+"="+strings.Join([]string{"mqtt://" + p.o.MQTT, "cam", p.credentials("cam"), filepath.Join(p.dir, "spool"), "1000"}, "|"))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	next := func(state string) {
		t.Helper()
		for range 100 {
			m, err := health.NextMsg(20 * time.Second)
			if err != nil {
				t.Fatalf("waited for %s: %v", state, err)
			}
			if s, err := fleet.ReadState(m.Data); err == nil && s.State == state {
				return
			}
		}
	}
	next(fleet.Running)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	next(fleet.Offline)
	out, err := exec.Command(listener, "-h", host, "-p", port, "-u", user, "-P", password, "-W", "2", "-C", "1", "-t", "snurun/cam/health").Output()
	if err != nil || !strings.Contains(string(out), `"state":"offline"`) {
		t.Errorf("%v: retained is %s", err, out)
	}
	// A board of MQTT neither listens nor speaks for another.
	user, password, _ = strings.Cut(strings.TrimSpace(readFile(t, p.credentials("cam"))), ":")
	other, err := nc.SubscribeSync("snurun.pi-2.>")
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"snurun/pi-2/decision", "snurun/cam/command", "snurun/pi-2/health"} {
		_ = exec.Command(program(t, "mosquitto_pub"), "-h", host, "-p", port, "-u", user, "-P", password, "-q", "1", "-t", topic, "-m", "{}").Run()
	}
	if m, err := other.NextMsg(500 * time.Millisecond); err == nil {
		t.Errorf("%s: %s", m.Subject, m.Data)
	}
	out, _ = exec.Command(listener, "-h", host, "-p", port, "-u", user, "-P", password, "-W", "2", "-t", "snurun/#").Output()
	if len(out) > 0 {
		t.Errorf("a board listens: %s", out)
	}
}

// asBoard is set in the environment of a child process that is a board.
const asBoard = "SNURUN_TEST_BOARD"

// TestChild is a board that publishes until it is killed, or has published all: its
// decisions are numbered on through its lives by what the spool was given, unless it is
// told that it has one life.
func TestChild(t *testing.T) {
	text := os.Getenv(asBoard)
	if text == "" {
		t.Skip("it is a child of other tests")
	}
	f := strings.Split(text, "|")
	b, err := fleet.NewPublisher(fleet.PublisherOptions{Access: fleet.Access{URL: f[0], Credentials: f[2]}, Board: f[1], Spool: f[3]})
	if err != nil {
		t.Fatal(err)
	}
	var each int
	if _, err := fmt.Sscan(f[4], &each); err != nil {
		t.Fatal(err)
	}
	// Which number comes next stands in a file that is written before: after a kill
	// between the two, a number is left out, none comes twice.
	mark, lives := f[3]+".next", len(f) == 5
	n := 0
	if text, err := os.ReadFile(mark); err == nil {
		_, _ = fmt.Sscan(string(text), &n)
	}
	for end := n + each; n < end; n++ {
		// Not synced: a kill leaves what was written, only a power cut would not.
		if lives {
			if err := os.WriteFile(mark+".new", fmt.Appendln(nil, n+1), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(mark+".new", mark); err != nil {
				t.Fatal(err)
			}
		}
		b.Decision(decision(n))
		if n%100 == 0 {
			b.Health(fleet.State{})
		}
		time.Sleep(500 * time.Microsecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestKilled kills boards and the hub, with SIGKILL, at any moment: what the streams
// have is in order, nothing is there twice, and of each life of a board at most the
// last decision is missing.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills for half a minute")
	}
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t)
	users, secret := filepath.Join(dir, "users"), map[string]string{}
	const boards = 3
	for i := range boards + 1 {
		role, name := Board, fmt.Sprint("pi-", i)
		if i == boards {
			role, name = Operator, "anna"
		}
		text, err := AddUser(users, role, name)
		if err == nil {
			secret[name] = filepath.Join(dir, name)
			err = os.WriteFile(secret[name], []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &foreign{os.Args[0], address, []string{"-test.run", "^TestHubChild$", "-test.timeout", "10m"}, nil}
	start := func() {
		s.cmd = exec.Command(s.name, s.args...)
		s.cmd.Env = append(os.Environ(), asHub+"="+strings.Join([]string{address, filepath.Join(dir, "store"), users}, "|"))
		if err := s.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the hub", func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
	start()
	t.Cleanup(s.kill)
	board := func(i, each int) *exec.Cmd {
		name := fmt.Sprint("pi-", i)
		c := exec.Command(os.Args[0], "-test.run", "^TestChild$")
		c.Env = append(os.Environ(), asBoard+"="+strings.Join([]string{"nats://" + address, name, secret[name], filepath.Join(dir, "spool-"+name), fmt.Sprint(each)}, "|"))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	// decided returns how many decisions a board began in its lives.
	decided := func(i int) (n int) {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("spool-pi-", i, ".next")))
		if err == nil {
			_, _ = fmt.Sscan(string(text), &n)
		}
		return n
	}
	const each = 50 // decisions of a life, at least
	lives, begun := [boards]int{}, [boards]int{}
	var children [boards]*exec.Cmd
	for i := range boards {
		children[i] = board(i, 1<<20)
	}
	for round := range 24 {
		time.Sleep(time.Duration(50+37*(round%7)) * time.Millisecond)
		if round%4 == 3 {
			s.kill()
			time.Sleep(time.Duration(round) * 10 * time.Millisecond)
			start()
			continue
		}
		i := round % boards
		eventually(t, "decisions of a life", func() bool { return decided(i) >= begun[i]+each })
		_ = children[i].Process.Signal(syscall.SIGKILL)
		_ = children[i].Wait()
		lives[i]++
		begun[i] = decided(i)
		children[i] = board(i, 1<<20)
	}
	for i := range boards {
		_ = children[i].Process.Kill()
		_ = children[i].Wait()
		lives[i]++
		if err := board(i, 10).Wait(); err != nil { // sends what is left
			t.Fatal(err)
		}
	}
	nc, err := fleet.Connect(fleet.Access{URL: "nats://" + address, Credentials: secret["anna"]}, "anna")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	eventually(t, "a connection", nc.IsConnected)
	for i := range boards {
		numbers := stored(t, nc, fmt.Sprint("pi-", i))
		missing := 0
		for k := 1; k < len(numbers); k++ {
			if numbers[k] <= numbers[k-1] {
				t.Fatalf("board %d: number %d behind %d", i, numbers[k], numbers[k-1])
			}
			missing += numbers[k] - numbers[k-1] - 1
		}
		if len(numbers) < each*(lives[i]-1) || numbers[0] != 0 || missing > lives[i] {
			t.Errorf("board %d: %d decisions from %d on, %d missing after %d lives", i, len(numbers), numbers[0], missing, lives[i])
		}
		t.Logf("board %d: %d decisions, %d lives, %d cut off before they were in the spool", i, len(numbers), lives[i], missing)
	}
}

// TestMain has tests run at once that mostly wait, for kills, cables and pauses.
func TestMain(m *testing.M) {
	flag.Parse()
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "test.parallel" })
	if !set {
		_ = flag.Set("test.parallel", fmt.Sprint(max(4, runtime.GOMAXPROCS(0)))) // it is a flag of testing
	}
	os.Exit(m.Run())
}

// asHub is set in the environment of a child process that is a hub.
const asHub = "SNURUN_TEST_HUB"

// TestHubChild is a hub until it is killed.
func TestHubChild(t *testing.T) {
	f := strings.Split(os.Getenv(asHub), "|")
	if len(f) != 3 {
		t.Skip("it is a child of other tests")
	}
	h, err := Start(context.Background(), Options{Listen: f[0], Store: f[1], Users: f[2], Sync: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	time.Sleep(9 * time.Minute)
}
