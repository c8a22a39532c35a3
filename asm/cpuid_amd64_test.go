//go:build !purego && !noasm

package asm

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestFirstLevel(t *testing.T) {
	found := firstLevel()
	if found < 8<<10 || found > 1<<20 {
		t.Fatalf("the first-level data cache has %d bytes", found)
	}
	const cache = "/sys/devices/system/cpu/cpu0/cache/index0/"
	kind, err := os.ReadFile(cache + "type")
	if err != nil || strings.TrimSpace(string(kind)) != "Data" {
		t.Skip("the system does not tell the cache's size")
	}
	size, err := os.ReadFile(cache + "size")
	if err != nil {
		t.Skip(err)
	}
	if kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(size)), "K")); err != nil || kb<<10 != found {
		t.Errorf("the first-level data cache has %d bytes, the system says %s", found, size)
	}
}
