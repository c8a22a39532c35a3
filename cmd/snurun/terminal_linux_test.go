//go:build !board

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo terminal of 80 columns. Programs get the terminal,
// and what they write comes out of the screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	return screen, tty
}

// TestTerminal runs commands with each of stdout and stderr on a terminal or in
// a pipe. Escape sequences, blocks and bars go to terminals only, and only as far
// as the environment allows.
func TestTerminal(t *testing.T) {
	const escape, bar = "\x1b[", "(0/250, "
	show := []string{"classify", counting, "--limit", "1", "--show"}
	training := []string{"train", "--data", smallMNIST(t, 300), "--holdout", "50", "--epochs", "2", "--draws", "1", "--hidden", "8", "--out", filepath.Join(t.TempDir(), "m.msgpack")}
	for _, c := range []struct {
		name               string
		args               []string
		environment        []string
		stdout, stderr     bool     // whether it is a terminal
		has, hasNot, piped []string // on the terminal, and in the pipe
	}{
		{"colours", show, []string{"TERM=xterm"}, true, true, []string{escape, "█"}, nil, nil},
		{"NO_COLOR", show, []string{"TERM=xterm", "NO_COLOR=1"}, true, true, []string{"█"}, []string{escape}, nil},
		{"empty NO_COLOR", show, []string{"TERM=xterm", "NO_COLOR="}, true, true, []string{escape}, nil, nil},
		{"dumb", show, []string{"TERM=dumb"}, true, true, []string{"7 |||"}, []string{escape, "█"}, nil},
		{"no TERM", show, nil, true, true, []string{"7 |||"}, []string{escape, "█"}, nil},
		{"pipe", show, []string{"TERM=xterm"}, false, true, nil, []string{escape}, []string{"7 |||"}},
		{"bar", training, []string{"TERM=xterm"}, true, true, []string{bar, "epoch   2"}, nil, nil},
		{"bar beside a pipe", training, []string{"TERM=xterm"}, false, true, []string{bar}, []string{"epoch   2"}, []string{"epoch   2"}},
		{"errors in a pipe", training, []string{"TERM=xterm"}, true, false, []string{"epoch   2"}, []string{bar}, nil},
		{"quiet", append(training, "--quiet"), []string{"TERM=xterm"}, true, true, []string{"epoch   2"}, []string{bar}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			screen, tty := terminal(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), self, c.args...)
			cmd.Env = append(c.environment, asCommand+"=1", "PATH="+os.Getenv("PATH"))
			var pipe bytes.Buffer
			cmd.Stdout, cmd.Stderr = io.Writer(&pipe), io.Writer(&pipe)
			if c.stdout {
				cmd.Stdout = tty
			}
			if c.stderr {
				cmd.Stderr = tty
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tty.Close()
			shown, _ := io.ReadAll(screen) // ends with EIO when the last writer goes
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v: %s%s", err, shown, pipe.String())
			}
			for _, s := range c.has {
				if !strings.Contains(string(shown), s) {
					t.Errorf("no %q on the terminal: %q", s, shown)
				}
			}
			for _, s := range c.hasNot {
				if strings.Contains(string(shown), s) {
					t.Errorf("%q on the terminal: %q", s, shown)
				}
			}
			for _, s := range c.piped {
				if !strings.Contains(pipe.String(), s) {
					t.Errorf("no %q in the pipe: %q", s, pipe.String())
				}
			}
			if strings.Contains(pipe.String(), escape) || strings.Contains(pipe.String(), bar) {
				t.Errorf("the pipe has what is for terminals: %q", pipe.String())
			}
		})
	}
}
