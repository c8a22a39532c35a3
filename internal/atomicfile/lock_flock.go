//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// lock locks a file until release is called or the process ends; f may be
// closed before. Another lock of the file gives errLocked.
func lock(f *os.File) (release func(), err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var dup int
	var errDup error
	if err := conn.Control(func(fd uintptr) { dup, errDup = duplicate(int(fd)) }); err != nil {
		return nil, err
	}
	if errDup != nil {
		return nil, errDup
	}
	// The lock belongs to both descriptors and lasts until both are closed.
	if err := syscall.Flock(dup, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		syscall.Close(dup)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, err
	}
	return func() { syscall.Close(dup) }, nil
}

// duplicate returns another descriptor of fd, which no child inherits.
func duplicate(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(dup)
	}
	return dup, err
}
