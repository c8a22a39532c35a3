//go:build !board

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
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

// TestLevelsAreOfTraining: what is held out says nothing to an encoder that learns, nor
// does the test set.
func TestLevelsAreOfTraining(t *testing.T) {
	const samples = 20
	used, held := dataset.Split(samples, 0.1, 1)
	levels := func(t *testing.T, louder []int, kind string, write func(file string, seed int, loud float64)) string {
		dir := t.TempDir()
		for i := range samples {
			loud := 1.0
			if slices.Contains(louder, i) {
				loud = 20
			}
			class := fmt.Sprint(i * 2 / samples)
			file := filepath.Join(dir, class, fmt.Sprintf("%02d.%s", i, kind))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			write(file, i, loud)
		}
		out := filepath.Join(dir, "m.msgpack")
		args := []string{"train", "--dataset", "folder", "--data", dir, "--out", out, "--hidden", "4", "--epochs", "1", "--held", "0.1"}
		if kind == "csv" {
			args = append(args, "--delta", "0.2", "--bin", "10ms")
		}
		must(t, args...)
		m, err := export.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Input.Encoder.Sound; s != nil {
			return fmt.Sprint(s.Quiet, s.Levels.F32)
		}
		return fmt.Sprint(m.Input.Encoder.Delta)
	}
	for kind, write := range map[string]func(string, int, float64){
		"csv": func(file string, seed int, loud float64) {
			var rows strings.Builder
			rows.WriteString("x\n")
			for k := range 40 {
				fmt.Fprintln(&rows, loud*math.Sin(float64(k*(seed+3))/9))
			}
			writeFile(t, file, []byte(rows.String()))
		},
		"wav": func(file string, seed int, loud float64) {
			var pcm []byte
			for k := range 4000 {
				pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(1000*loud*math.Sin(float64(k*(seed+3))/9))))
			}
			writeFile(t, file, wav(8000, pcm))
		},
	} {
		t.Run(kind, func(t *testing.T) {
			plain := levels(t, nil, kind, write)
			if levels(t, held, kind, write) != plain {
				t.Error("the samples held out move the levels")
			}
			if levels(t, used[:1], kind, write) == plain {
				t.Error("a training sample does not move the levels")
			}
		})
	}
}

// wav returns a file of samples of 16 bits.
func wav(hz uint32, pcm []byte) []byte {
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+len(pcm)))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, hz)
	b = binary.LittleEndian.AppendUint32(b, 2*hz)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pcm)))
	return append(b, pcm...)
}
