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
