package standing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ErrHeld says that another program runs the plane.
var ErrHeld = errors.New("another program runs it")

// whole is a lock of a whole file, for writing.
func whole() *syscall.Flock_t {
	return &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
}

func (p Place) lockFile() string { return filepath.Join(p.folder, "lock") }

// lock takes the lock of the place without waiting. It is one of POSIX, which tells
// whose it is, and which no child inherits.
func (p Place) lock() (*os.File, error) {
	for {
		if err := os.MkdirAll(filepath.Dir(p.folder), 0o755); err != nil {
			return nil, fmt.Errorf("cannot make the folder of plane %q: %w", p.name, err)
		}
		// What is in it gives full rights on the plane.
		if err := os.Mkdir(p.folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("cannot make the folder of plane %q: %w", p.name, err)
		}
		file, err := os.OpenFile(p.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue // the one before is just removing it
		}
		if err != nil {
			return nil, fmt.Errorf("cannot open the lock of plane %q: %w", p.name, err)
		}
		if err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, whole()); err != nil {
			_ = file.Close()
			if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
				return nil, fmt.Errorf("cannot take plane %q: %w", p.name, ErrHeld)
			}
			return nil, fmt.Errorf("cannot lock plane %q: %w", p.name, err)
		}
		if p.isCurrent(file) {
			return file, nil
		}
		_ = file.Close()
	}
}

// isCurrent tells whether the file is still the one of that name: who had the lock
// before removes it with everything else.
func (p Place) isCurrent(file *os.File) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(p.lockFile())
	return err == nil && os.SameFile(ours, current)
}

// holder is the process that runs the plane; 0 when there is none.
func (p Place) holder() (pid int, err error) {
	file, err := os.OpenFile(p.lockFile(), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cannot open the lock of plane %q: %w", p.name, err)
	}
	defer func() { _ = file.Close() }()
	lock := whole()
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, lock); err != nil {
		return 0, fmt.Errorf("cannot ask for the lock of plane %q: %w", p.name, err)
	}
	if lock.Type == syscall.F_UNLCK {
		return 0, nil
	}
	return int(lock.Pid), nil
}
