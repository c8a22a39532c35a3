//go:build unix && !board

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/snurun/snurun/export"
)

// TestStreamNothing names no class below the floor, and says what is left open.
func TestStreamNothing(t *testing.T) {
	lines := strings.Repeat("\n", 20) + digitLines(t, 1) + "1 2 3\n"
	out, diagnostics, code := streamOf(t, strings.NewReader(lines), shipped, "--json", "--floor", "events=20,score=2", "--flush")
	decisions, summary := parseStream(t, out)
	if code != exitOK || diagnostics != "" || len(decisions) != 4 || summary.Nothing != 3 || summary.Open != 0 || summary.Early != 0 {
		t.Fatalf("exit %d, %q, %+v", code, diagnostics, summary)
	}
	for i, d := range decisions {
		null := i != 2
		if null != (d.Class == nil) || null != (d.Below == "events") || null != (d.Leading != nil) || (i == 3) != d.Partial || d.Time == "" || null != (d.Events < 20) {
			t.Errorf("window %d: %+v", i, d)
		}
	}
	if !strings.Contains(out, `"class":null,"below":"events"`) {
		t.Errorf("no null in %s", out)
	}
	out, _, _ = streamOf(t, strings.NewReader(lines), shipped, "--floor", "events=20", "--changes")
	for _, part := range []string{"[2]  0.030 s  7  score ", "windows     4, 3 decided, 0 of them early, 2 of no class", "open        1 window at the end, the oldest with 1 of 10 steps: --flush decides"} {
		if !strings.Contains(out, part) || strings.Contains(out, "[0]") {
			t.Errorf("the output lacks %q, or has an unchanged line:\n%s", part, out)
		}
	}
	out, _, _ = streamOf(t, strings.NewReader(lines), shipped, "--floor", "events=20", "--agree", "1/2", "--flush")
	for _, part := range []string{"[0]  0.010 s  –  events below the floor, 0 events", "[3]  0.031 s  7, this window ", ", its end did not come"} {
		if !strings.Contains(out, part) {
			t.Errorf("the output lacks %q:\n%s", part, out)
		}
	}
	for args, says := range map[string]string{
		"--floor events":    `--floor is "events", expected auto, or some of events=N,score=S,lead=L`,
		"--floor lead=-1":   "floor of lead -1, expected 0",
		"--agree 3":         `--agree is "3", expected K/N such as 3/5`,
		"--agree 5/3":       `--agree is "5/3", expected K/N`,
		"--agree 2/1000000": "agreement of 2 of 1000000 windows",
		"--stats 1us":       "--stats is 1µs",
		"--silence -1s":     "--silence is -1s",
	} {
		if _, diagnostics, code := streamOf(t, strings.NewReader(""), append([]string{shipped}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("%s: exit %d, %q, expected %q", args, code, diagnostics, says)
		}
	}
	if _, diagnostics, code := streamOf(t, strings.NewReader(""), eventModel(t, 2), "--floor", "auto"); code != exitFailure || !strings.Contains(diagnostics, "recommends no floor") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
}

// underSystemd lets a command tell its state as to systemd, with a watchdog of 60 ms,
// and returns a function that waits for one.
func underSystemd(t *testing.T, cmd *exec.Cmd) (expect func(state string)) {
	t.Helper()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	told := make(chan string, 1000)
	go func() {
		defer close(told)
		b := make([]byte, 4096)
		for {
			n, err := socket.Read(b)
			if err != nil {
				return
			}
			select {
			case told <- string(b[:n]):
			default: // nobody has asked for long
			}
		}
	}()
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket.LocalAddr().String(), "WATCHDOG_USEC=60000")
	return func(state string) {
		t.Helper()
		for s := range told {
			if strings.HasPrefix(s, state) {
				return
			}
		}
		t.Fatalf("%s was not told", state)
	}
}

// TestStreamService runs stream as systemd does: it says when it is ready, keeps
// the watchdog quiet, answers SIGUSR1 and SIGHUP, and ends with SIGTERM.
func TestStreamService(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "model.msgpack")
	data, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, data)
	cmd := child(t, "stream", file, "--json", "--margin", "auto")
	expect := underSystemd(t, cmd)
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	stderr, errErr := cmd.StderrPipe()
	if errIn != nil || errOut != nil || errErr != nil {
		t.Fatal(errIn, errOut, errErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, said := bufio.NewScanner(stdout), bufio.NewScanner(stderr)
	next := func(s *bufio.Scanner, part string) string {
		t.Helper()
		if !s.Scan() || !strings.Contains(s.Text(), part) {
			t.Fatalf("%q, expected %s", s.Text(), part)
		}
		return s.Text()
	}
	digit := func() {
		t.Helper()
		if _, err := io.WriteString(stdin, digitLines(t, 1)); err != nil {
			t.Fatal(err)
		}
	}
	next(lines, `{"start":{"schema":1,`)
	expect("READY=1")
	expect("WATCHDOG=1")
	digit()
	next(lines, `"class":7,`)

	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	var status map[string]map[string]any
	if err := json.Unmarshal([]byte(next(said, `{"stats":{`)), &status); err != nil || status["stats"]["decisions"] != 1.0 || status["stats"]["time"] == nil {
		t.Errorf("%v, error %v", status, err)
	}
	expect("STATUS=")

	writeFile(t, file, bytes.Repeat([]byte("no model"), 10))
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	next(said, "warning: the model stays as it was: ")
	expect("RELOADING=1")
	expect("READY=1")

	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Classes {
		m.Classes[i] = "digit " + m.Classes[i]
	}
	if err := export.WriteFile(file, m); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	next(said, "is read again, verified, and used from the next window on")
	digit()
	for lines.Scan() && strings.Contains(lines.Text(), `"name":"7"`) {
		// The window that was open when the model came.
	}
	if !strings.HasPrefix(lines.Text(), `{"model":{`) {
		t.Errorf("%q, expected the new model", lines.Text())
	}
	next(lines, `"name":"digit `)

	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() && !strings.HasPrefix(lines.Text(), `{"summary":{`) {
	}
	expect("STOPPING=1")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
