//go:build !board

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSeriesShipped: the digits drawn in the air that come with a clone are decided, as
// files and line by line alike.
func TestSeriesShipped(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata")
	shipped := filepath.Join(dir, "wand.msgpack")
	for _, digit := range []string{"3", "8"} {
		file := filepath.Join(dir, "drawn-"+digit+".csv")
		line := func(text string) string {
			for _, l := range strings.Split(text, "\n") {
				if _, scores, ok := strings.Cut(l, `"scores":`); ok && strings.Contains(l, `"name":"`+digit+`"`) {
					scores, _, _ = strings.Cut(scores, "]")
					return scores
				}
			}
			return "no decision for " + digit + " in " + text
		}
		whole := line(must(t, "classify", shipped, file, "--json"))
		recording, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(string(recording)), "\n")[1:]
		var lines strings.Builder
		for _, row := range rows {
			lines.WriteString("[" + row + "]\n")
		}
		for format, input := range map[string]string{"csv": string(recording), "jsonl": lines.String()} {
			var live bytes.Buffer
			code := run(t.Context(), []string{"stream", shipped, "--format", format, "--flush", "--json"}, strings.NewReader(input), &live, io.Discard)
			if got := line(live.String()); code != exitOK || got != whole {
				t.Errorf("digit %s as %s: exit %d, scores %s, expected %s", digit, format, code, got, whole)
			}
		}
	}
	must(t, "verify", shipped)
	if text := must(t, "inspect", shipped, "--json"); !strings.Contains(text, `"delta": [`) || !strings.Contains(text, `"encoder": "series"`) {
		t.Error(text)
	}
}
