//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// asWriter is set in the environment of a child process that writes the named
// file for ever.
const asWriter = "SNURUN_TEST_WRITE"

const killedSize = 1 << 20

func TestMain(m *testing.M) {
	if name := os.Getenv(asWriter); name != "" {
		for c := byte('a'); ; c = 'a' + (c-'a'+1)%26 {
			if err := Write(name, writeSlowly(c)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// writeSlowly writes killedSize bytes c in pieces.
func writeSlowly(c byte) func(io.Writer) error {
	return func(w io.Writer) error {
		piece := bytes.Repeat([]byte{c}, 1<<12)
		for range killedSize / len(piece) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
}

// temporary lists the temporary files in dir.
func temporary(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestKilledWriter kills a process that does nothing but write a file, at
// random moments. The file is whole at any time, and what a killed process left
// is gone after the next write.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "m")
	if err := Write(name, writeSlowly('z')); err != nil {
		t.Fatal(err)
	}
	r := mathrand.New(mathrand.NewPCG(uint64(time.Now().UnixNano()), 0))
	left := 0
	for range 40 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), asWriter+"="+name)
		var diagnostics bytes.Buffer
		cmd.Stderr = &diagnostics
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Millisecond + time.Duration(r.IntN(20_000))*time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait(); diagnostics.Len() > 0 {
			t.Fatal(diagnostics.String())
		}
		got, err := os.ReadFile(name)
		if err != nil || len(got) != killedSize || bytes.Count(got, got[:1]) != killedSize {
			t.Fatalf("%d bytes, %v, expected %d of one kind", len(got), err, killedSize)
		}
		if n := len(temporary(t, dir)); n > 1 {
			t.Fatalf("%d temporary files, expected that of the last process at most", n)
		} else {
			left += n
		}
	}
	t.Logf("killed 40 times, %d times within a write", left)
	if left == 0 {
		t.Error("no write was ever cut short: the test proves nothing")
	}
	if err := Write(name, writeText("new")); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); got != "m" {
		t.Errorf("the directory holds %s, expected m", got)
	}
}

// TestOnlyStaleFilesAreRemoved writes beside files that are not temporary or
// are still written.
func TestOnlyStaleFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	stale := prefix + rand.Text() + suffix
	directory, link := prefix+rand.Text()+suffix, prefix+rand.Text()+suffix
	others := []string{prefix + "x" + suffix, prefix + rand.Text() + ".tmpx", "x" + prefix + rand.Text() + suffix, rand.Text(), "plain"}
	for _, name := range append(others, stale) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, directory), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("plain", filepath.Join(dir, link)); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(dir, "outer"), func(w io.Writer) error {
		live := w.(*os.File).Name()
		if err := Write(filepath.Join(dir, "inner"), writeText("inner")); err != nil {
			return err
		}
		if _, err := os.Stat(live); err != nil {
			t.Errorf("a file that is still written: %v", err)
		}
		return writeText("outer")(w)
	})
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, filepath.Join(dir, "outer"), "outer")
	expectFile(t, filepath.Join(dir, "inner"), "inner")
	for _, name := range append(others, directory, link) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if got := entries(t, dir); strings.Contains(got, stale) {
		t.Errorf("the directory still holds %s", stale)
	}
}

// TestWritersAtOnce has many writers remove what is stale while others write.
func TestWritersAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 100 {
				name, text := filepath.Join(dir, fmt.Sprint(g%4)), fmt.Sprint(g, i)
				if err := Write(name, writeText(text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got := entries(t, dir); got != "0 1 2 3" {
		t.Errorf("the directory holds %s", got)
	}
}
