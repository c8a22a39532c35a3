package c

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherCPUs holds random networks, as compiled for other CPUs and run in qemu,
// against package runtime.
func TestOtherCPUs(t *testing.T) {
	if !*full {
		t.Skip("compiles for four CPUs: run with -full")
	}
	t.Parallel()
	c := randomTrial(t, 0, 100, 20, 1)
	dir := t.TempDir()
	source := write(t, dir, "all.c", c.program())
	out := write(t, dir, "out.c", hosted)
	for _, target := range []struct{ name, cc, qemu, flags string }{
		{"arm-soft", "arm-linux-gnueabi-gcc", "qemu-arm-static", "-march=armv5te -mfloat-abi=soft"},
		{"arm-hard", "arm-linux-gnueabihf-gcc", "qemu-arm-static", "-march=armv7-a -mfpu=neon-vfpv4 -ffp-contract=fast"},
		{"arm64", "aarch64-linux-gnu-gcc", "qemu-aarch64-static", "-ffp-contract=fast"},
		{"riscv64", "riscv64-linux-gnu-gcc", "qemu-riscv64-static", "-ffp-contract=fast"},
	} {
		for _, level := range []string{"-O0", "-O1", "-O2", "-O3"} {
			t.Run(target.name+level, func(t *testing.T) {
				cc, qemu := tool(t, target.cc), tool(t, target.qemu)
				binary := filepath.Join(dir, target.name+level)
				args := append(append([]string{level, "-static"}, strict...), strings.Fields(target.flags)...)
				output(t, cc, append(args, source, out, "-o", binary)...)
				c.compare(t, output(t, qemu, binary))
			})
		}
	}
}

// TestClangForOtherCPUs compiles with clang for the cores of boards, without warnings:
// the instructions of the DSP extension too.
func TestClangForOtherCPUs(t *testing.T) {
	clang := tool(t, "clang")
	c := randomTrial(t, 0, selection[uint64](2, 6, 30), 1, 1)
	source := write(t, t.TempDir(), "all.c", c.program())
	for _, core := range Cores {
		args := append(append([]string{"--target=arm-none-eabi", "-ffreestanding", "-Os", "-c", "-o", filepath.Join(t.TempDir(), "all.o")}, strict...), core.Flags...)
		output(t, clang, append(args, source)...)
	}
}

// TestSanitizers runs streams of noise under the sanitizers: 10⁶ steps with -full.
func TestSanitizers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles with sanitizers")
	}
	steps, networks := 1500, 4
	if *full {
		steps, networks = 1_000_000, 4
	}
	c := &trial{}
	for seed := uint64(1000); len(c.names) < networks; seed++ {
		m := randomNetwork(seed)
		withSelfTest(t, m)
		s, err := Export(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if *full && (s.Sizes.Updates > 200 || s.Sizes.Weights > 20_000) {
			continue // such a long stream takes small ones
		}
		c.add(t, m, fmt.Sprintf("n%d", seed), steps, steps/10)
	}
	dir := t.TempDir()
	source := write(t, dir, "all.c", c.program())
	out := write(t, dir, "out.c", hosted)
	for _, name := range []string{"clang", "gcc"} {
		t.Run(name, func(t *testing.T) {
			cc := tool(t, name)
			binary := filepath.Join(dir, name)
			args := append([]string{"-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}, strict...)
			output(t, cc, append(args, source, out, "-o", binary)...)
			c.compare(t, output(t, binary))
		})
	}
}

// TestContraction compiles with all that makes compilers fuse a product with a sum,
// for a CPU that can: the bits stay.
func TestContraction(t *testing.T) {
	t.Parallel()
	c := randomTrial(t, 0, selection[uint64](2, 5, 40), 20, 1)
	dir := t.TempDir()
	source := write(t, dir, "all.c", c.program())
	out := write(t, dir, "out.c", hosted)
	for _, name := range []string{"gcc", "clang"} {
		t.Run(name, func(t *testing.T) {
			cc := tool(t, name)
			if !strings.Contains(output(t, "cat", "/proc/cpuinfo"), " fma ") {
				t.Skip("this CPU has no fused multiply-add")
			}
			binary := filepath.Join(dir, name)
			output(t, cc, "-std=gnu99", "-O2", "-mfma", "-mavx2", "-ffp-contract=fast", source, out, "-o", binary)
			c.compare(t, output(t, binary))
		})
	}
}

// TestHeaderInCPlusPlus compiles a program in C++ that uses a network, and one in C from the
// files of an export as they are.
func TestHeaderInCPlusPlus(t *testing.T) {
	m := shipped(t, "../testdata/tiny.msgpack", false)
	dir := exportTo(t, m, Options{})
	main := write(t, dir, "main.cc", `#include "net.h"
int main()
{
    static net_state n;
    net_init(&n);
    return net_selftest(&n) + (int)net_result(&n) * 0 + (net_lead(&n) < 0.0f ? 1 : 0);
}
`)
	cc, cxx := tool(t, "gcc"), tool(t, "g++")
	objects := []string{filepath.Join(dir, "net.o"), filepath.Join(dir, "net_selftest.o")}
	for k, name := range []string{"net.c", "net_selftest.c"} {
		output(t, cc, append(append([]string{}, strict...), "-O2", "-c", filepath.Join(dir, name), "-o", objects[k])...)
	}
	binary := filepath.Join(dir, "main")
	output(t, cxx, append([]string{"-std=c++11", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", main, "-o", binary}, objects...)...)
	output(t, binary)
}

// TestRefusals compiles with flags that would change the bits, which the text refuses.
func TestRefusals(t *testing.T) {
	dir := exportTo(t, shipped(t, "../testdata/tiny.msgpack", false), Options{})
	source := filepath.Join(dir, "net.c")
	for _, c := range []struct{ cc, flag string }{
		{"gcc", "-ffast-math"}, {"gcc", "-Ofast"}, {"gcc", "-ffinite-math-only"}, {"clang", "-ffast-math"},
	} {
		t.Run(c.cc+c.flag, func(t *testing.T) {
			tool(t, c.cc)
			if err := compile(c.cc, c.flag, "-c", source, "-o", filepath.Join(dir, "net.o")); err == nil {
				t.Errorf("%s %s takes the text, expected an error", c.cc, c.flag)
			}
		})
	}
}

// TestMakefile runs what the README of an export says.
func TestMakefile(t *testing.T) {
	tool(t, "make")
	tool(t, "gcc")
	m := shipped(t, "../testdata/planes.msgpack", false)
	dir := exportTo(t, m, Options{Name: "planes"})
	got := output(t, "make", "-s", "-C", dir, "CC=gcc", "test")
	if want := fmt.Sprintf("%x ok\n", m.SelfTest.Digest); got != want {
		t.Errorf("make test prints %q, expected %q", got, want)
	}
	if got := output(t, "make", "-s", "-C", dir, "CC=gcc", "size"); !strings.Contains(got, ".text") || !strings.Contains(got, "planes_step") {
		t.Errorf("make size prints %q", got)
	}
}
