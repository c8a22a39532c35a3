//go:build linux || darwin

package hub

import "golang.org/x/sys/unix"

// freeBytes returns what is free on the disk of a folder.
func freeBytes(dir string) (int64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
