package process

import "golang.org/x/sys/unix"

// adoptOrphans makes spor the parent of processes whose parent in the command has ended.
// Normally init adopts and reaps such processes, but a container often has no init.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
