//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package fleet

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until release is called or the process ends.
func lockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	conn, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	var locked error
	if err := conn.Control(func(fd uintptr) { locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) }); err != nil {
		locked = err
	}
	if locked != nil {
		f.Close()
		if errors.Is(locked, syscall.EWOULDBLOCK) {
			locked = errors.New("another process has it")
		}
		return nil, locked
	}
	return func() { f.Close() }, nil
}
