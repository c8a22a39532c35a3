//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
)

// asCommand is set in the environment of a child process that is to be the
// command and not its tests.
const asCommand = "SNURUN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	if signal.Ignored(syscall.SIGHUP) { // under nohup: the commands that tests start shall not
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	os.Exit(m.Run())
}

// child returns the command as a process of its own.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// smallMNIST writes n digits as both parts of MNIST and returns the folder.
func smallMNIST(t *testing.T, n int) string {
	t.Helper()
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, part := range []string{"train", "t10k"} {
		images := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 3}, uint32(n))
		images = append(images, 0, 0, 0, 28, 0, 0, 0, 28)
		images = append(images, set.Pixels[:n*28*28]...)
		writeFile(t, filepath.Join(dir, part+"-images-idx3-ubyte"), images)
		labels := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, uint32(n))
		for _, c := range set.Labels[:n] {
			labels = append(labels, byte(c))
		}
		writeFile(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels)
	}
	return dir
}

// trainArgs trains a small network in about a second.
func trainArgs(data, out string, more ...string) []string {
	return append([]string{
		"train", "--data", data, "--out", out, "--holdout", "50", "--epochs", "12", "--draws", "1", "--hidden", "64,64",
	}, more...)
}

// TestKilledTraining kills a training at random moments, again and again. The
// model file is absent or whole at any time, and what is trained in the end has
// the bytes of a training that nobody disturbed.
func TestKilledTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a dozen times")
	}
	data, dir := smallMNIST(t, 400), t.TempDir()
	whole, killed := filepath.Join(dir, "whole.msgpack"), filepath.Join(dir, "killed.msgpack")
	start := time.Now()
	if out, err := child(t, trainArgs(data, whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	length := time.Since(start)
	const enough = 12
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	kills := 0
	for done := false; !done; {
		args := trainArgs(data, killed, "--checkpoint-every", "1ms")
		if _, err := os.Stat(killed + ".checkpoint"); err == nil {
			args = append(args, "--resume")
		}
		cmd := child(t, args...)
		var diagnostics bytes.Buffer
		cmd.Stderr = &diagnostics
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Duration(r.Float64() * float64(length) / 2)
		if kills == enough {
			after = time.Hour
		}
		kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		done = err == nil
		if kill.Stop() && err != nil {
			t.Fatalf("%v without a kill: %s", err, diagnostics.String())
		}
		if !done {
			kills++
		}
		if _, err := os.Stat(killed); err == nil {
			if _, err := export.ReadFile(killed); err != nil {
				t.Fatalf("after %d kills: %v", kills, err)
			}
		} else if done {
			t.Fatal(err)
		}
	}
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("the training was never killed: the test proves nothing")
	}
	a, errA := os.ReadFile(whole)
	b, errB := os.ReadFile(killed)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("after %d kills the model differs (%v, %v)", kills, errA, errB)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.checkpoint")); len(left) > 0 {
		t.Errorf("%v is left of a finished training", left)
	}
}

// TestInterruptedTraining cancels a training as Ctrl-C does and resumes it.
func TestInterruptedTraining(t *testing.T) {
	data, dir := smallMNIST(t, 200), t.TempDir()
	whole, parts := filepath.Join(dir, "whole.msgpack"), filepath.Join(dir, "parts.msgpack")
	must(t, trainArgs(data, whole)...)
	ctx, cancel := context.WithCancel(t.Context())
	out := &afterLine{stop: cancel}
	var diagnostics bytes.Buffer
	code := run(ctx, trainArgs(data, parts), strings.NewReader(""), out, &diagnostics)
	if code != exitFailure || !strings.Contains(diagnostics.String(), "--resume goes on from "+parts+".checkpoint") {
		t.Fatalf("exit %d, %q", code, diagnostics.String())
	}
	if _, d, code := snurun(t, trainArgs(data, parts)...); code != exitFailure || !strings.Contains(d, "go on with --resume, or delete it") {
		t.Errorf("a new training over a checkpoint: exit %d, %q", code, d)
	}
	if _, d, code := snurun(t, trainArgs(data, parts, "--resume", "--lr", "0.1")...); code != exitFailure || !strings.Contains(d, "with other flags: --lr was 0.004 and is 0.1") {
		t.Errorf("resumed with another rate: exit %d, %q", code, d)
	}
	must(t, trainArgs(data, parts, "--resume")...)
	a, errA := os.ReadFile(whole)
	b, errB := os.ReadFile(parts)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the resumed training gives another model (%v, %v)", errA, errB)
	}
}

// afterLine calls stop after the first write.
type afterLine struct{ stop func() }

func (a *afterLine) Write(p []byte) (int, error) {
	a.stop()
	return len(p), nil
}

// TestClosedPipe reads one line of many and closes the pipe: the command ends
// quietly.
func TestClosedPipe(t *testing.T) {
	cmd := child(t, "classify", shipped, "--verbose")
	var diagnostics bytes.Buffer
	cmd.Stderr = &diagnostics
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil || diagnostics.Len() > 0 {
		t.Errorf("%v, %q, expected a quiet end", err, diagnostics.String())
	}
}
