package bench

import (
	"bufio"
	"io"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"
)

// cpuName returns what the system calls the board and the CPU, or else the
// architecture.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return goruntime.GOARCH
	}
	defer f.Close()
	if name := parseCPUInfo(f); name != "" {
		return name
	}
	return goruntime.GOARCH
}

// parseCPUInfo finds the board and the CPU in /proc/cpuinfo: "Model" is the
// board on ARM, "model name" the CPU where Linux knows it, "uarch" that on
// RISC-V.
func parseCPUInfo(r io.Reader) string {
	var board, cpu string
	for key, value := range colonLines(r) {
		switch key {
		case "Model":
			board = value
		case "model name", "uarch":
			if cpu == "" {
				cpu = value
			}
		}
	}
	if board != "" && cpu != "" {
		return board + ", " + cpu
	}
	return board + cpu
}

// peakRSS returns the most bytes of memory that this process has held so far,
// or 0 where the system does not tell.
func peakRSS() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	return parsePeakRSS(f)
}

// parsePeakRSS finds "VmHWM: 1234 kB" in /proc/self/status.
func parsePeakRSS(r io.Reader) int64 {
	for key, value := range colonLines(r) {
		if key == "VmHWM" {
			kB, _ := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 53)
			return kB << 10
		}
	}
	return 0
}

// colonLines yields the lines "key: value" of r.
func colonLines(r io.Reader) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			key, value, found := strings.Cut(lines.Text(), ":")
			if found && !yield(strings.TrimSpace(key), strings.TrimSpace(value)) {
				return
			}
		}
	}
}
