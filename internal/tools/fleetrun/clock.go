package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// jumping is put into time.Now, behind the line that reads the clock: every three
// seconds of a process it is another time, by some hours or days.
const jumping = `
	sec += [...]int64{0, 3600, -7200, 86400, 86400, -30 * 86400, 5 * 86400, 0, -1}[(mono-startNano)/3e9%9]
`

// clock runs boards while the clocks of the hub and of the boards jump.
func clock(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("clock", flag.ContinueOnError)
	n := f.Int("boards", 5, "boards")
	rate := f.Int("rate", 100, "decisions a board and second")
	length := f.Duration("time", time.Minute, "how long they publish")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fleetrun-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := jumpingClock(ctx, dir)
	if err != nil {
		return err
	}
	for _, program := range []string{"./cmd/snurun-hub", "./internal/tools/fleetrun"} {
		if err := visibly(exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", dir, program)); err != nil {
			return fmt.Errorf("building %s: %w", program, err)
		}
	}
	return visibly(exec.CommandContext(ctx, filepath.Join(dir, "fleetrun"), "boards",
		"-hub", filepath.Join(dir, "snurun-hub"), "-boards", fmt.Sprint(*n), "-rate", fmt.Sprint(*rate), "-time", length.String()))
}

func visibly(c *exec.Cmd) error {
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

// jumpingClock writes a package time whose clock jumps, and returns the file that has
// go build take it.
func jumpingClock(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	head, body, ok := bytes.Cut(source, []byte("\nfunc Now() Time {\n"))
	line, rest, ok2 := bytes.Cut(body, []byte("\n"))
	if !ok || !ok2 || !bytes.Contains(line, []byte("sec, nsec, mono :=")) {
		return "", fmt.Errorf("%s has no time.Now that reads sec, nsec and mono first", original)
	}
	changed := filepath.Join(dir, "time.go")
	text := fmt.Sprintf("%s\nfunc Now() Time {\n%s%s%s", head, line, jumping, rest)
	overlay := filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(changed, []byte(text), 0o600), os.WriteFile(overlay, list, 0o600))
}
