package environ

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// A Batch contains the settings for exporting spans or log records in batches.
type Batch struct {
	// Queue is the maximum number of spans or records in the queue. Size is the maximum
	// number of spans or records in a batch.
	Queue, Size int
	Counted     bool // the environment sets Queue or Size
	Bytes       int  // for spans: maximum number of bytes of the waiting encoded spans
	// Delay is the maximum time that a span or record waits before it is exported. Timeout
	// is the maximum duration of an export.
	Delay, Timeout time.Duration
}

const (
	smallestQueue = 2048
	largestQueue  = 16384
	// spanBytes is the number of bytes that an ended span uses on the heap while it waits.
	spanBytes = 1400
	// recordBytes is the number of bytes that the SDK allocates for each place in the queue
	// of log records, before any record waits.
	recordBytes = 600
)

func readBatch(env *Environment) Batch {
	memory := memoryLimit()
	b := readBatchOf(env, "OTEL_BSP_", "spans", queueFor(memory), 5*time.Second)
	b.Bytes = bufferFor(memory)
	return b
}

// readBatchOf reads the four variables that begin with prefix. items is the name of what is
// exported. queue and delay are defaults.
func readBatchOf(env *Environment, prefix, items string, queue int, delay time.Duration) Batch {
	queueVariable, sizeVariable := prefix+"MAX_QUEUE_SIZE", prefix+"MAX_EXPORT_BATCH_SIZE"
	queue = env.integer(queueVariable, queue, 1, most)
	size := env.integer(sizeVariable, min(512, queue), 1, most)
	if size > queue {
		env.wrong(sizeVariable, env.Text(sizeVariable), fmt.Sprintf("is larger than the queue of %d %s (lower it, or raise %s); the queue's size is used", queue, items, queueVariable))
		size = queue
	}
	return Batch{
		Queue:   queue,
		Size:    size,
		Counted: env.Text(queueVariable) != "" || env.Text(sizeVariable) != "",
		Delay:   env.duration(prefix+"SCHEDULE_DELAY", delay),
		Timeout: env.timeout(prefix+"EXPORT_TIMEOUT", 30*time.Second),
	}
}

// bufferFor returns the maximum number of bytes for encoded spans. This is an eighth of the
// memory, but at least 4 MiB and at most 32 MiB.
func bufferFor(memory int64) int {
	return int(min(max(memory/8, 4<<20), 32<<20))
}

// queueFor returns the maximum number of spans in the SDK's queue. This is the number of
// spans that fit in a 64th of the memory, but at least 2,048 and at most 16,384.
func queueFor(memory int64) int {
	return int(min(max(memory/64/spanBytes, smallestQueue), largestQueue))
}

// memoryLimit returns the number of bytes that the process may use. This is the container's
// limit or GOMEMLIMIT, whichever is lower. If there is no limit, the result is the largest
// int64.
func memoryLimit() int64 {
	limit := debug.SetMemoryLimit(-1)
	for _, file := range []string{
		"/sys/fs/cgroup/memory.max",                   // cgroup v2
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", // cgroup v1
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}
