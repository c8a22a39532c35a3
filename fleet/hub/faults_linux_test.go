package hub

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// TestFullDisk fills the disk of a hub while boards publish: they hold what they
// have, the hub says so, and once there is room everything is there, once, in order.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a disk")
	}
	t.Parallel()
	root(t)
	disk := t.TempDir()
	system(t, "mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	p := newPlace(t, func(o *Options) { o.Store, o.Bytes = filepath.Join(disk, "store"), 8<<20 }, "board pi-1", "operator anna")
	b := p.board(t, "pi-1", nil)
	n := 0
	publish := func(k int) {
		for range k {
			b.Decision(fmt.Appendf(nil, `{"n":%d,"text":%q}`, n, strings.Repeat("x", 500)))
			n++
		}
	}
	publish(1000)
	eventually(t, "the first thousand", func() bool { return b.Waiting().Pending == 0 })
	full, err := os.Create(filepath.Join(disk, "full"))
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := full.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	full.Close()
	for range 30 {
		publish(200)
		time.Sleep(50 * time.Millisecond)
	}
	if w := b.Waiting(); w.Pending == 0 || w.Dropped > 0 {
		t.Errorf("%+v, expected that messages wait", w)
	}
	if err := os.Remove(full.Name()); err != nil {
		t.Fatal(err)
	}
	publish(500)
	closeAll(t, b)
	expectAll(t, stored(t, p.connect(t, "anna"), "pi-1"), n)
}

// TestCutCable publishes from a network name space of its own and takes the link
// down, for longer than either end believes in it, and up again.
func TestCutCable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for connections to be given up")
	}
	root(t)
	ip := program(t, "ip")
	ns := fmt.Sprint("snurun-", os.Getpid())
	here, there := fmt.Sprint("sa", os.Getpid()%1e6), fmt.Sprint("sb", os.Getpid()%1e6)
	// Addresses of a block that is kept for tests (RFC 5737) would do; the hub has to
	// listen on one that is not this machine alone, so it needs users.
	system(t, ip, "netns", "add", ns)
	t.Cleanup(func() { _ = exec.Command(ip, "netns", "del", ns).Run() })
	system(t, ip, "link", "add", here, "type", "veth", "peer", "name", there, "netns", ns)
	t.Cleanup(func() { _ = exec.Command(ip, "link", "del", here).Run() })
	system(t, ip, "addr", "add", "192.0.2.1/30", "dev", here)
	system(t, ip, "link", "set", here, "up")
	system(t, ip, "-n", ns, "addr", "add", "192.0.2.2/30", "dev", there)
	system(t, ip, "-n", ns, "link", "set", there, "up")
	if l, err := net.Listen("tcp", "192.0.2.1:0"); err != nil {
		t.Skip(err)
	} else {
		l.Close()
	}
	p := newPlace(t, func(o *Options) { o.Listen = "192.0.2.1:0" }, "board pi-1", "operator anna")
	child := exec.Command(ip, "netns", "exec", ns, os.Args[0], "-test.run", "^TestChild$")
	child.Env = append(os.Environ(), asBoard+"="+strings.Join([]string{"nats://" + p.o.Listen, "pi-1", p.credentials("pi-1"), filepath.Join(p.dir, "spool"), "20000"}, "|"))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	nc := p.connect(t, "anna")
	eventually(t, "decisions", func() bool { return len(stored(t, nc, "pi-1")) > 200 })
	for _, cut := range []time.Duration{time.Second, 12 * time.Second} {
		system(t, ip, "link", "set", here, "down")
		time.Sleep(cut)
		system(t, ip, "link", "set", here, "up")
		time.Sleep(2 * time.Second)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	expectAll(t, stored(t, nc, "pi-1"), 20000)
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
