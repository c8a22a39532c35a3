//go:build !board

package main

import (
	"bytes"
	"image"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOddRecording warns of a recording with left-over time stamps, in the summary
// too, and refuses it with --strict.
func TestOddRecording(t *testing.T) {
	var text strings.Builder
	text.WriteString("35000000,1,1,1\n")
	for range 40 {
		text.WriteString("5000,1,2,1\n")
	}
	name := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	file := eventModel(t, 3)
	out, diagnostics, code := snurun(t, "classify", file, name, "--json")
	if code != exitOK || !strings.Contains(diagnostics, "1 of 41 events with a time that cannot be meant were left out") || !strings.Contains(out, `"files":{"time":1}`) {
		t.Errorf("exit %d, %q, %q", code, diagnostics, out)
	}
	if _, diagnostics, code = snurun(t, "classify", file, name, "--strict"); code != exitFailure || !strings.Contains(diagnostics, "implausible data") {
		t.Errorf("strict: exit %d, %q", code, diagnostics)
	}
	for _, args := range [][]string{{"--invert=perhaps"}, {"--invert", "perhaps"}, {"--invert"}, {"--level", "256"}} {
		if _, diagnostics, code = snurun(t, append([]string{"classify", file, name}, args...)...); code != exitUsage || !strings.Contains(diagnostics, args[0][:7]) {
			t.Errorf("%v: exit %d, %q", args, code, diagnostics)
		}
	}
}

// TestInvert takes its value from the next word, not for the name of a file.
func TestInvert(t *testing.T) {
	sheet := image.NewGray(image.Rect(0, 0, 28, 28)) // ink alone, or paper alone
	for i := range sheet.Pix {
		sheet.Pix[i] = byte(255 - i%9)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, sheet); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x.png")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"auto": "all pixels are between 0 and 8", "yes": "all pixels are between 0 and 8", "no": "all pixels are between 247 and 255"} {
		if _, diagnostics, code := snurun(t, "classify", shipped, "--invert", value, name); code != exitOK || !strings.Contains(diagnostics, want) {
			t.Errorf("--invert %s: exit %d, %q, expected %q", value, code, diagnostics, want)
		}
	}
}

// TestStreamConnect reads from a TCP and a UNIX socket.
func TestStreamConnect(t *testing.T) {
	file := eventModel(t, 3)
	for _, where := range []struct{ network, address string }{{"tcp", "127.0.0.1:0"}, {"unix", filepath.Join(t.TempDir(), "s")}} {
		l, err := net.Listen(where.network, where.address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				_, _ = c.Write([]byte("1,1,1,1\n12000,1,1,1\n"))
				c.Close()
			}
		}()
		out, diagnostics, code := streamOf(t, strings.NewReader("no input"), file, "--connect", where.network+"://"+l.Addr().String())
		if code != exitOK || !strings.Contains(out, "1 decided") {
			t.Errorf("%s: exit %d, %q, %q", where.network, code, diagnostics, out)
		}
	}
	for address, want := range map[string]int{"camera:7777": exitUsage, "udp://127.0.0.1:1": exitUsage, "unix:///nowhere/s": exitFailure} {
		if _, diagnostics, code := streamOf(t, strings.NewReader(""), file, "--connect", address); code != want || !strings.Contains(diagnostics, "--connect") {
			t.Errorf("%s: exit %d, %q", address, code, diagnostics)
		}
	}
}
