package process

import "golang.org/x/sys/unix"

// adoptOrphans makes spor adopt orphans: processes that the command started, and whose parent
// has ended. Normally init adopts such processes and reaps them, but a container often has no
// init.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
