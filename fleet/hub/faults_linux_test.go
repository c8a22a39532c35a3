package hub

import (
	"fmt"
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
