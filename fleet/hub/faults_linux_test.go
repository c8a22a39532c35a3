package hub

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

// root skips a test that only the superuser can run.
func root(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs the superuser")
	}
}

// system runs a program that has to succeed, or else skips: not every machine that
// has a superuser allows it.
func system(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// TestFullSpool fills the disk under a board's spool: what does not fit is counted,
// and the stream goes on.
func TestFullSpool(t *testing.T) {
	t.Parallel()
	root(t)
	disk := t.TempDir()
	system(t, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	var log logged
	b, err := fleet.NewPublisher(fleet.PublisherOptions{Access: fleet.Access{URL: "nats://" + freeAddress(t)}, Board: "pi-1", Spool: filepath.Join(disk, "spool"), Log: log.add})
	if err != nil {
		t.Fatal(err)
	}
	const n = 5000
	for i := range n {
		b.Decision(fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("x", 500)))
	}
	w := b.Waiting()
	if w.Pending+w.Dropped != n || w.Dropped == 0 || w.Pending < 1000 {
		t.Errorf("%+v of %d", w, n)
	}
	if !log.has("a decision was dropped") {
		t.Errorf("the board said %v", log.String())
	}
	ctx := withDeadline(t, time.Millisecond)
	if err := b.Close(ctx); err == nil || !strings.Contains(err.Error(), "not sent") && !strings.Contains(err.Error(), "space") {
		t.Errorf("%v, expected how much is left", err)
	}
}

// fill takes all that is free on a disk until the returned function is called.
func fill(t *testing.T, disk string) (empty func()) {
	t.Helper()
	name := filepath.Join(disk, "fill")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2] // the last bytes too
		}
	}
	return func() { _ = os.Remove(name) }
}

// TestFullHub fills the disk under a hub while a board publishes, more than once: the
// hub says so, the board holds what it has, and when there is room everything is
// there, once, in order. What was acknowledged is never lost.
func TestFullHub(t *testing.T) {
	t.Parallel()
	root(t)
	disk := t.TempDir()
	system(t, "mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk)
	p := newPlace(t, func(o *Options) {
		o.Store = filepath.Join(disk, "store")
		o.Keep = fleet.Keep{Bytes: 8 << 20, Batch: 12 << 20}
	}, "board pi-1", "operator anna")
	t.Cleanup(func() { // before what newPlace cleans up
		if p.hub != nil {
			p.stop()
		}
		_ = exec.Command("umount", "-l", disk).Run()
	})
	b := p.board(t, "pi-1", nil)
	n := 0
	publish := func(count int) {
		for range count {
			b.Decision(decision(n))
			n++
		}
	}
	publish(500)
	eventually(t, "the first decisions", func() bool { return b.Waiting().Pending == 0 })
	for round := range 2 {
		empty := fill(t, disk)
		publish(5000)
		eventually(t, "a line on the full disk", func() bool { return strings.Count(p.log.String(), "is full") > round })
		if b.Waiting().Pending == 0 {
			t.Error("a full disk took everything")
		}
		empty()
		eventually(t, "the decisions that were held", func() bool { return b.Waiting().Pending == 0 })
	}
	publish(100)
	closeAll(t, b)
	if w := b.Waiting(); w.Dropped > 0 {
		t.Errorf("%+v", w)
	}
	expectAll(t, stored(t, p.connect(t, "anna"), "pi-1"), n)
}

// TestFullStart starts a hub on a disk that is full: it says that it keeps nothing, and
// is as it should be when there is room.
func TestFullStart(t *testing.T) {
	t.Parallel()
	root(t)
	for _, left := range []int64{0, 16 << 20} {
		t.Run(fmt.Sprint(left>>20, " MB left"), func(t *testing.T) {
			t.Parallel()
			disk := t.TempDir()
			system(t, "mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk)
			t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
			if err := os.WriteFile(filepath.Join(disk, "left"), make([]byte, left), 0o600); err != nil {
				t.Fatal(err)
			}
			empty := fill(t, disk)
			if err := os.Remove(filepath.Join(disk, "left")); err != nil {
				t.Fatal(err)
			}
			p := newPlace(t, func(o *Options) {
				o.Store, o.Page = filepath.Join(disk, "store"), "127.0.0.1:0"
				o.Keep = fleet.Keep{Bytes: 8 << 20, Batch: 12 << 20}
			}, "board pi-1", "operator anna")
			t.Cleanup(p.stop) // before the disk goes
			code, text := health(t, p)
			if code == http.StatusOK {
				t.Errorf("the hub calls itself well: %s", text)
			}
			t.Log(text)
			b := p.board(t, "pi-1", nil)
			b.Decision(decision(0))
			empty()
			eventually(t, "a hub that is well", func() bool {
				code, _ := health(t, p)
				return code == http.StatusOK
			})
			closeAll(t, b)
			expectAll(t, stored(t, p.connect(t, "anna"), "pi-1"), 1)
		})
	}
}

// TestCable cuts the cable between a board and its hub for twenty seconds, without a
// word to either: the board goes on, and afterwards everything is there, once, in
// order.
func TestCable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a cable")
	}
	t.Parallel()
	root(t)
	pid := os.Getpid()
	space, here, there := fmt.Sprint("snurun-", pid), fmt.Sprintf("sn%da", pid%1e6), fmt.Sprintf("sn%db", pid%1e6)
	// Of the range for measurements between networks, which nobody else uses.
	block := fmt.Sprintf("198.18.%d.", pid%256)
	system(t, "ip", "netns", "add", space)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", space).Run() })
	system(t, "ip", "link", "add", here, "type", "veth", "peer", "name", there)
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", here).Run() })
	system(t, "ip", "link", "set", there, "netns", space)
	system(t, "ip", "addr", "add", block+"1/24", "dev", here)
	system(t, "ip", "link", "set", here, "up")
	inside := []string{"ip", "netns", "exec", space}
	system(t, append(inside, "ip", "addr", "add", block+"2/24", "dev", there)...)
	system(t, append(inside, "ip", "link", "set", there, "up")...)

	p := newPlace(t, func(o *Options) { o.Listen = block + "1:0" }, "board pi-1", "operator anna")
	const n = 8_000
	args := append(inside, os.Args[0], "-test.run", "^TestChild$")
	child := exec.Command(args[0], args[1:]...)
	child.Env = append(os.Environ(), asBoard+"="+strings.Join([]string{"nats://" + p.o.Listen, "pi-1", p.credentials("pi-1"), filepath.Join(p.dir, "spool"), fmt.Sprint(n), "one life"}, "|"))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	t.Cleanup(func() { _ = child.Process.Kill() })
	nc := p.connect(t, "anna")
	count := func() int {
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		s, err := js.Stream(t.Context(), "snurun-pi-1")
		if err != nil {
			t.Fatal(err)
		}
		return int(s.CachedInfo().State.Msgs)
	}
	eventually(t, "the first decisions", func() bool { return count() > 1000 })
	system(t, "ip", "link", "set", here, "down")
	time.Sleep(3 * time.Second)
	before := count()
	time.Sleep(17 * time.Second)
	if after := count(); after != before || after == n {
		t.Errorf("%d decisions came through a cable that is cut, %d before", after-before, before)
	}
	system(t, "ip", "link", "set", here, "up")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	expectAll(t, stored(t, nc, "pi-1"), n)
	t.Logf("%d decisions, the cable was cut after %d", n, before)
}
