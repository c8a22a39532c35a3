//go:build !purego && !noasm

package asm

func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// firstLevel returns the size of the first-level data cache in bytes, from the
// leaves that list the caches (Intel SDM vol. 2, CPUID leaf 4; AMD APM vol. 3,
// leaf 8000001D). Where there are none it is 32 kB, the least of CPUs with AVX2.
func firstLevel() int {
	for _, leaf := range []uint32{4, 0x8000001D} {
		if last, _, _, _ := cpuid(leaf&0x80000000, 0); last < leaf {
			continue
		}
		for n := range uint32(8) {
			kind, shape, sets, _ := cpuid(leaf, n)
			if kind&0x1F == 0 {
				break
			}
			if kind&0x1F == 1 && kind>>5&7 == 1 { // data, level 1
				line, partitions, ways := shape&0xFFF+1, shape>>12&0x3FF+1, shape>>22+1
				return int(line * partitions * ways * (sets + 1))
			}
		}
	}
	return 32 << 10
}
