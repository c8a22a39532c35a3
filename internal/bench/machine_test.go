package bench

import (
	"strings"
	"testing"
)

func TestParseCPUInfo(t *testing.T) {
	for _, c := range []struct{ name, info, want string }{
		{"x86", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9B14\n\nprocessor\t: 1\nmodel name\t: AMD EPYC 9B14\n", "AMD EPYC 9B14"},
		{"Raspberry Pi, 64 bit", "processor\t: 0\nCPU part\t: 0xd08\n\nRevision\t: c03111\nModel\t\t: Raspberry Pi 4 Model B Rev 1.1\n", "Raspberry Pi 4 Model B Rev 1.1"},
		{"Raspberry Pi, 32 bit", "model name\t: ARMv6-compatible processor rev 7 (v6l)\nModel\t\t: Raspberry Pi Zero W Rev 1.1\n", "Raspberry Pi Zero W Rev 1.1, ARMv6-compatible processor rev 7 (v6l)"},
		{"RISC-V", "processor\t: 0\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\n", "sifive,u74-mc"},
		{"nothing of use", "processor 0: version = FF\n\x00\n", ""},
	} {
		if got := parseCPUInfo(strings.NewReader(c.info)); got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
	}
	if cpuName() == "" {
		t.Error("the CPU has no name")
	}
}

func TestParsePeakRSS(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\tsnurun\nVmPeak:\t  999 kB\nVmHWM:\t   18432 kB\n": 18432 << 10,
		"VmHWM:\tmany kB\n": 0,
		"":                  0,
	} {
		if got := parsePeakRSS(strings.NewReader(status)); got != want {
			t.Errorf("%q: %d, expected %d", status, got, want)
		}
	}
}
