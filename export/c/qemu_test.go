package c

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// board is a machine of qemu-system-arm and how to compile for it.
type board struct {
	core       string // of Cores
	machine    string
	flash, ram string // where they begin
	sizes      [2]string
	timer      string // address of a timer that counts down at 25 MHz
}

var boards = []board{
	{"Cortex-M0", "microbit", "0", "0x20000000", [2]string{"256K", "16K"}, ""},
	{"Cortex-M0", "mps2-an385", "0", "0x20000000", [2]string{"4M", "4M"}, "0x40000000"}, // its M3 runs code for an M0 as that does
	{"Cortex-M3", "mps2-an385", "0", "0x20000000", [2]string{"4M", "4M"}, "0x40000000"},
	{"Cortex-M4F", "mps2-an386", "0", "0x20000000", [2]string{"4M", "4M"}, "0x40000000"},
	{"Cortex-M7", "mps2-an500", "0", "0x20000000", [2]string{"4M", "4M"}, "0x40000000"},
	{"Cortex-M33", "mps2-an505", "0x10000000", "0x38000000", [2]string{"4M", "4M"}, "0x50000000"},
}

func (b *board) String() string { return b.core + "/" + b.machine }

// boardFiles is the start-up code of the examples.
const boardFiles = "../../examples/microcontrollers/board/"

// onBoard compiles C for a board and returns what it writes there.
func onBoard(t *testing.T, b *board, dir string, options []string, sources ...string) string {
	t.Helper()
	cc, qemu := tool(t, Compiler), tool(t, "qemu-system-arm")
	binary := filepath.Join(dir, strings.ReplaceAll(b.String(), "/", "-")+".elf")
	args := []string{"-std=c99", "-Os", "-ffreestanding", "-nostdlib", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"}
	for _, core := range Cores {
		if core.Name == b.core {
			args = append(args, core.Flags...)
		}
	}
	args = append(args, options...)
	args = append(args, sources...)
	args = append(args, boardFiles+"startup.c", "-T", boardFiles+"board.ld",
		fmt.Sprintf("-Wl,--defsym=FLASH=%s,--defsym=FLASH_SIZE=%s,--defsym=RAM=%s,--defsym=RAM_SIZE=%s", b.flash, b.sizes[0], b.ram, b.sizes[1]),
		"-lgcc", "-o", binary)
	output(t, cc, args...)
	cmd := exec.Command("timeout", "120", qemu, "-M", b.machine, "-nographic", "-monitor", "none", "-serial", "none",
		"-semihosting-config", "enable=on,target=native", "-icount", "shift=6", "-kernel", binary)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%.2000s", b, err, text)
	}
	return string(text)
}

// TestBoards holds random networks, as they run on each core, against package
// runtime.
func TestBoards(t *testing.T) {
	t.Parallel()
	tool(t, Compiler)
	tool(t, "qemu-system-arm")
	all := randomTrial(t, 0, selection[uint64](4, 12, 100), 10, 10)
	small := &trial{} // with what a board of 16 kB has room for
	flash := 0
	for seed := uint64(0); len(small.names) < 4; seed++ {
		m := randomNetwork(seed)
		withSelfTest(t, m)
		s, err := Export(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if size := s.Sizes.Weights + s.Sizes.Parameters; s.Sizes.State < 3<<10 && flash+size < 128<<10 {
			flash += size
			small.add(t, m, fmt.Sprintf("n%d", seed), 10, 10)
		}
	}
	dir := t.TempDir()
	for i := range boards {
		b := &boards[i]
		t.Run(b.String(), func(t *testing.T) {
			if testing.Short() && b.core != "Cortex-M4F" && b.machine != "microbit" {
				t.Skip("runs on six boards")
			}
			t.Parallel()
			c := all
			if b.machine == "microbit" {
				c = small
			}
			source := write(t, dir, strings.ReplaceAll(b.String(), "/", "-")+".c", c.program())
			c.compare(t, onBoard(t, b, dir, nil, source))
			if b.core == "Cortex-M4F" || b.core == "Cortex-M33" {
				c.compare(t, onBoard(t, b, dir, []string{"-DNET_NO_DSP", "-O2"}, source))
			}
		})
	}
}

// selfTestProgram is a main that runs the self-test of a network.
const selfTestProgram = `
#include "net.h"
void out(const char *text);
int main(void)
{
    static net_state n;
    uint8_t digest[32];
    char text[66];
    int i;
    net_selftest_digest(&n, digest);
    for (i = 0; i < 32; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    text[64] = '\n';
    text[65] = 0;
    out(text);
    return net_selftest(&n) == 0 ? 0 : 1;
}
`

// TestShippedModelsOnBoards has the shipped networks, and what quantize makes of
// them, print the digests of their self-tests.
func TestShippedModelsOnBoards(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles large networks")
	}
	t.Parallel()
	tool(t, Compiler)
	tool(t, "qemu-system-arm")
	names := []string{"../../testdata/mnist.msgpack", "../../testdata/nmnist.msgpack"}
	for _, name := range names {
		for _, integers := range []bool{false, true} {
			if !*full && !integers && name == names[0] {
				continue // its weights take the compiler long
			}
			m := shipped(t, name, integers)
			dir := exportTo(t, m, Options{})
			for i := range boards {
				b := &boards[i]
				if b.machine == "microbit" || !*full && b.core != "Cortex-M0" && b.core != "Cortex-M4F" {
					continue
				}
				source := write(t, dir, "main.c", selfTestProgram)
				got := onBoard(t, b, dir, []string{"-I", dir}, source, filepath.Join(dir, "net.c"), filepath.Join(dir, "net_selftest.c"))
				if want := fmt.Sprintf("%x\n", m.SelfTest.Digest); got != want {
					t.Errorf("%s, integers %v, %s: digest %s, expected %s", name, integers, b, got, want)
				}
			}
		}
	}
}

// shipped reads a model, and quantises it if that is asked for.
func shipped(t *testing.T, name string, integers bool) *model.Network {
	t.Helper()
	m, err := export.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if integers {
		if m, _, err = model.Quantize(m, 8); err != nil {
			t.Fatal(err)
		}
		withSelfTest(t, m)
	}
	return m
}

// exportTo exports a network into a folder.
func exportTo(t *testing.T, m *model.Network, o Options) string {
	t.Helper()
	s, err := Export(m, o)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "c")
	if err := s.WriteDir(dir, false); err != nil {
		t.Fatal(err)
	}
	return dir
}
