package main

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// floor is a locked page between two inaccessible ones, as in bench/floor.zig.
type floor struct {
	page []byte
}

var sink byte

func floorSubjects() ([]subject, error) {
	made, err := newFloor()
	if err != nil {
		return nil, err
	}
	return []subject{{"floor", made.run}}, nil
}

func newFloor() (*floor, error) {
	size := unix.Getpagesize()
	all, err := unix.Mmap(-1, 0, 3*size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	page := all[size : 2*size]
	if err := unix.Mprotect(page, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return nil, fmt.Errorf("mprotect: %w", err)
	}
	if err := unix.Mlock(page); err != nil {
		return nil, fmt.Errorf("mlock: %w", err)
	}
	if err := unix.Mprotect(page, unix.PROT_NONE); err != nil {
		return nil, fmt.Errorf("mprotect: %w", err)
	}
	return &floor{page}, nil
}

// run makes the two calls without telling Go's scheduler: nothing but the kernel's work.
func (f *floor) run(rounds int) {
	address := uintptr(unsafe.Pointer(unsafe.SliceData(f.page)))
	size := uintptr(len(f.page))
	for range rounds {
		if _, _, errno := syscall.RawSyscall(unix.SYS_MPROTECT, address, size, unix.PROT_READ); errno != 0 {
			panic(errno)
		}
		sink = f.page[0]
		if _, _, errno := syscall.RawSyscall(unix.SYS_MPROTECT, address, size, unix.PROT_NONE); errno != 0 {
			panic(errno)
		}
	}
}
