package asm

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// Brand returns what the CPU calls itself, or "" where it does not say.
func Brand() string { return strings.TrimSpace(cpuid.CPU.BrandName) }

// CacheSizes are the sizes of the caches that hold data, in bytes: those of the
// smallest core where cores differ. L3 is 0 if there is none, or if nothing is
// known of one.
type CacheSizes struct{ L1, L2, L3 int }

// defaultCaches are those of the small boards.
var defaultCaches = CacheSizes{L1: 32 << 10, L2: 512 << 10}

// Caches returns the sizes of this machine's caches, as far as the CPU or the
// system tells; what neither tells is taken from the small boards: 32 kB and
// 512 kB.
var Caches = sync.OnceValue(func() CacheSizes {
	c := cpuid.CPU.Cache
	told := CacheSizes{c.L1D, c.L2, c.L3}
	folder := "/sys/devices/system/cpu"
	if cpuid.CPU.Supports(cpuid.HYBRID_CPU) { // the CPU tells of the core that asks it
		return systemCaches(folder, "cpu[0-9]*").or(told).or(defaultCaches)
	}
	if told.L1 > 0 && told.L2 > 0 {
		return told.or(CacheSizes{})
	}
	return told.or(systemCaches(folder, "cpu0")).or(defaultCaches)
})

// or returns c, with what is not known taken from d.
func (c CacheSizes) or(d CacheSizes) CacheSizes {
	for _, p := range []struct{ size, other *int }{{&c.L1, &d.L1}, {&c.L2, &d.L2}, {&c.L3, &d.L3}} {
		if *p.size <= 0 {
			*p.size = max(0, *p.other)
		}
	}
	return c
}

// systemCaches returns the least caches of the cores whose folders match, as
// Linux lists them below a folder.
func systemCaches(folder, cores string) CacheSizes {
	var least CacheSizes
	indices, _ := filepath.Glob(filepath.Join(folder, cores, "cache", "index*"))
	for _, index := range indices {
		if kind := line(index, "type"); kind != "Data" && kind != "Unified" {
			continue
		}
		size := cacheSize(line(index, "size"))
		to := map[string]*int{"1": &least.L1, "2": &least.L2, "3": &least.L3}[line(index, "level")]
		if to != nil && size > 0 && (*to == 0 || size < *to) {
			*to = size
		}
	}
	return least
}

// line returns the text of a file, or nothing.
func line(folder, name string) string {
	text, _ := os.ReadFile(filepath.Join(folder, name))
	return strings.TrimSpace(string(text))
}

// cacheSize returns the bytes of a size such as 512K, or 0.
func cacheSize(text string) int {
	n, unit := len(text), 1
	if n > 0 {
		switch text[n-1] {
		case 'K':
			n, unit = n-1, 1<<10
		case 'M':
			n, unit = n-1, 1<<20
		}
	}
	size, err := strconv.Atoi(text[:n])
	if err != nil || size < 0 || size > math.MaxInt/unit {
		return 0
	}
	return size * unit
}
