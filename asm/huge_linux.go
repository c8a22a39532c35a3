package asm

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of the pages that adviseHuge asks for, on most CPUs.
const hugePage = 2 << 20

// adviseHuge asks the system to keep the memory of n bytes from p on in huge
// pages: rows of a large matrix are read here and there, and the CPU knows few
// thousands of small pages at once. It is advice: where the system does not take
// it, nothing changes.
func adviseHuge(p unsafe.Pointer, n int) {
	from := (uintptr(p) + hugePage - 1) &^ (hugePage - 1)
	to := (uintptr(p) + uintptr(n)) &^ (hugePage - 1)
	if from < to {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_HUGEPAGE)
	}
}
