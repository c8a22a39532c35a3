//go:build !board

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/snurun/snurun/stream"
)

// onDisk runs the command in a directory that is a disk of its own: a tmpfs
// with the given mount options, which holds the file old and is made read-only
// if asked. It returns what the command printed to stderr, its exit code and
// what the disk held afterwards. It skips the test where the system does not
// allow such mounts.
func onDisk(t *testing.T, options string, readOnly bool, args ...string) (diagnostics, code, held string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const mount = `mount -t tmpfs -o "$1" none "$2" && cd "$2" && printf old > old.npz && if [ "$3" ]; then mount -o remount,ro "$2"; fi || exit 99
		shift 3; "$@" > /dev/null; echo "exit $?"; for f in * .[!.]*; do if [ -e "$f" ]; then echo "$f $(head -c 3 "$f")"; fi; done`
	ro := ""
	if readOnly {
		ro = "yes"
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", mount, "sh", options, t.TempDir(), ro, self}, args...)...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil {
		t.Skipf("this system does not let tests mount a file system: %v %s", err, errors.String())
	}
	code, held, _ = strings.Cut(out.String(), "\n")
	return errors.String(), code, held
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	name, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestBadDisks writes to full and read-only disks. The command fails and says
// why, the old file is still there, and nothing else is.
func TestBadDisks(t *testing.T) {
	model := absolute(t, shipped)
	sample := filepath.Join(t.TempDir(), "x.npy")
	writeFile(t, sample, npyOf(t, make([]uint8, 40*784), 40, 784))
	data := smallMNIST(t, 60)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"simulate", []string{"simulate", model, "--in", sample, "--out", "old.npz"}},
		{"train", []string{"train", "--data", data, "--holdout", "10", "--epochs", "1", "--draws", "1", "--out", "m.msgpack", "--quiet"}},
		{"plot", []string{"plot", "weights", model, "--out", "w.png"}},
		{"man", []string{"man", "--out", "."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, disk := range []struct {
				options  string
				readOnly bool
				says     string
			}{
				{"size=8k", false, "no space left on device"},
				{"size=64k", true, "read-only file system"},
			} {
				diagnostics, code, held := onDisk(t, disk.options, disk.readOnly, c.args...)
				if code != "exit 1" || !strings.Contains(diagnostics, disk.says) || strings.Count(diagnostics, "\n") != 1 {
					t.Errorf("%s, %q, expected exit 1 and one line with %q", code, diagnostics, disk.says)
				}
				if c.name != "man" && held != "old.npz old\n" { // of the pages, some may fit
					t.Errorf("the disk holds %q, expected the old file", held)
				}
				if strings.Contains(held, ".snurun-") {
					t.Errorf("the disk holds %q: a temporary file is left", held)
				}
			}
		})
	}
}

// TestFullOutput writes what the commands print to a full disk.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range [][]string{
		{"classify", shipped, "--limit", "3"}, {"classify", shipped, "--limit", "3", "--json"}, {"classify", shipped, "--limit", "1", "--show"},
		{"inspect", shipped}, {"inspect", shipped, "--json"}, {"verify", shipped}, {"version"}, {"stream", shipped, "--json"},
		benchOnce(), {"completion", "bash"},
	} {
		cmd := child(t, args...)
		var diagnostics bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &diagnostics
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(diagnostics.String(), "no space left on device") {
			t.Errorf("snurun %s: %v, %q, expected exit %d and why", strings.Join(args, " "), err, diagnostics.String(), exitFailure)
		}
	}
}

// TestSignalsAndShortReads feeds the command byte by byte while signals
// interrupt its system calls. It decides as if nothing had happened.
func TestSignalsAndShortReads(t *testing.T) {
	lines := digitLines(t, 2)
	args := []string{shipped, "--json"}
	out, diagnostics, code := streamOf(t, strings.NewReader(lines), args...)
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, diagnostics)
	}
	want, _ := parseStream(t, out)
	cmd := child(t, append([]string{"stream"}, args...)...)
	var disturbed bytes.Buffer
	cmd.Stdout = &disturbed
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range len(lines) {
		if _, err := in.Write([]byte{lines[i]}); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGWINCH); err != nil {
			t.Fatal(err)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	got, _ := parseStream(t, disturbed.String())
	for _, decisions := range [][]stream.DecisionLine{got, want} {
		for i := range decisions {
			decisions[i].Latency, decisions[i].Time = 0, ""
		}
	}
	if len(want) != 2 || !reflect.DeepEqual(got, want) {
		t.Errorf("decided %+v, expected %+v", got, want)
	}
}
