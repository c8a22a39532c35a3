//go:build linux && !board

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notRun says which lines of documents a test cannot run: those for a board, those
// that fetch something, run until they are told to end or train for minutes, and
// builds.
func notRun(line string) bool {
	for _, part := range []string{"pi$", "# on the board", "snurun data", "snurun serve", "go install", "go run", "go build", "git clone", "go test", "scp ", "ssh ", "qemu-", "--recipe jsb"} {
		if strings.Contains(line, part) {
			return true
		}
	}
	return !strings.Contains(line, "snurun ")
}

// drawnInline is a command that draws a figure, within a sentence.
var drawnInline = regexp.MustCompile("`(snurun plot [^`]* --out [^`]+)`")

// commandsOf returns the lines of a document that are indented as commands are, and the
// commands within its sentences.
func commandsOf(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			lines = append(lines, line)
			continue
		}
		for _, m := range drawnInline.FindAllStringSubmatch(line, -1) {
			lines = append(lines, m[1]+"\n")
		}
	}
	return lines
}

// TestDocumentsRun runs the commands of documents as they are written, one after the
// other, in a folder with the files that they name. mosquitto_pub takes all that it is
// given.
func TestDocumentsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all commands of the documents")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	digits := digitLines(t, 3)
	mnist := smallMNIST(t, 120)
	for document, least := range map[string]int{"README.md": 10, "docs/TRAIN.md": 6, "docs/CONNECT.md": 4, "docs/CONCEPTS.md": 2, "docs/MICROCONTROLLERS.md": 3, "docs/TUTORIAL.md": 1} {
		t.Run(document, func(t *testing.T) {
			dir := t.TempDir()
			in := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
			for _, err := range []error{
				os.Symlink(filepath.Join(root, "testdata"), in("testdata")), os.Symlink(mnist, in("mnist")), os.Mkdir(in("bin"), 0o755),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			for name, script := range map[string]string{
				"snurun":        fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asCommand, self),
				"sensor":        "#!/bin/sh\nexec cat spikes.txt\n",
				"arecord":       "#!/bin/sh\nexec cat heard.s16\n",
				"mosquitto_pub": "#!/bin/sh\nexec cat > published\n",
			} {
				writeFile(t, in("bin", name), []byte(script))
				if err := os.Chmod(in("bin", name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(in("bin", "snurun"), in("snurun")); err != nil {
				t.Fatal(err)
			}
			writeFile(t, in("spikes.txt"), []byte(digits))
			writeFile(t, in("x.npy"), array(10, 784, func(int, int) float32 { return 0 }))
			var stroke strings.Builder
			for _, part := range []string{"train", "test"} {
				for class := range 3 {
					if err := os.MkdirAll(in("wand", part, fmt.Sprint(class+1)), 0o755); err != nil {
						t.Fatal(err)
					}
					for i := range 24 {
						wave := func(k, c int) float32 {
							return float32(math.Sin(float64(k*(class+1))/7 + float64(c+i)/5))
						}
						writeFile(t, in("wand", part, fmt.Sprint(class+1), fmt.Sprintf("%03d.npy", i)), array(30, 2, wave))
						if i == 0 && class == 2 {
							for k := range 30 {
								fmt.Fprintln(&stroke, wave(k, 0), wave(k, 1))
							}
						}
					}
				}
			}
			writeFile(t, in("stroke.txt"), []byte(stroke.String()))
			var heard []byte
			for class, word := range []string{"no", "yes"} {
				for _, part := range []string{"train", "test"} {
					if err := os.MkdirAll(in("words", part, word), 0o755); err != nil {
						t.Fatal(err)
					}
					for i := range 8 {
						pcm := tone(4000, 300+float64(900*class+20*i))
						writeFile(t, in("words", part, word, fmt.Sprintf("%03d.wav", i)), wav(8000, pcm))
						heard = append(append(heard, pcm...), make([]byte, 16000)...)
					}
				}
			}
			writeFile(t, in("heard.s16"), heard)
			shippedModel, err := os.ReadFile(shipped)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, in("digits.msgpack"), shippedModel)
			writeFile(t, in("model.msgpack"), shippedModel)
			must(t, "train", "--dataset", "folder", "--data", in("wand"), "--recipe", "wand", "--hidden", "8", "--epochs", "1", "--quiet", "--out", in("gesture.msgpack"))
			must(t, "train", "--data", mnist, "--hidden", "8", "--reset", "zero", "--epochs", "1", "--quiet", "--out", in("zero.msgpack"))
			must(t, "convert", in("zero.msgpack"), in("net.nir"), "--quiet")

			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(document)))
			if err != nil {
				t.Fatal(err)
			}
			run := 0
			for _, line := range commandsOf(string(text)) {
				if notRun(line) {
					continue
				}
				run++
				cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "PATH="+in("bin")+":"+os.Getenv("PATH"))
				var said bytes.Buffer
				cmd.Stdout, cmd.Stderr = &said, &said
				if err := cmd.Run(); err != nil || strings.Contains(said.String(), "snurun: ") && !strings.Contains(said.String(), "warning") {
					t.Errorf("%s%v\n%.2000s", line, err, said.String())
				}
			}
			if run < least {
				t.Errorf("%d commands, expected at least %d", run, least)
			}
		})
	}
}

// tone returns n samples of a tone, 8,000 of 16 bits a second, that swells and fades.
func tone(n int, hz float64) (pcm []byte) {
	for i := range n {
		v := 9000 * math.Sin(2*math.Pi*hz*float64(i)/8000) * math.Sin(math.Pi*float64(i)/float64(n))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
	}
	return pcm
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

// array returns a NumPy array of float32 [rows, columns].
func array(rows, columns int, at func(i, j int) float32) []byte {
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns)
	head += strings.Repeat(" ", 117-len(head)) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	b = append(b, head...)
	for i := range rows {
		for j := range columns {
			bits := math.Float32bits(at(i, j))
			b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
		}
	}
	return b
}
