package environ

import (
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
	Counted     bool // only for spans: the environment sets Queue or Size
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
)

func readBatch(env *Environment) Batch {
	const (
		most          = 1 << 20
		queueVariable = "OTEL_BSP_MAX_QUEUE_SIZE"
		sizeVariable  = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
	)
	memory := memoryLimit()
	queue := env.integer(queueVariable, queueFor(memory), 1, most)
	size := env.integer(sizeVariable, min(512, queue), 1, most)
	if size > queue {
		env.wrong(sizeVariable, env.Text(sizeVariable), "is larger than the queue of "+strconv.Itoa(queue)+" spans (lower it, or raise "+queueVariable+"); the queue's size is used")
		size = queue
	}
	return Batch{
		Queue:   queue,
		Size:    size,
		Bytes:   bufferFor(memory),
		Counted: env.Text(queueVariable) != "" || env.Text(sizeVariable) != "",
		Delay:   env.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5*time.Second),
		Timeout: env.milliseconds("OTEL_BSP_EXPORT_TIMEOUT", 30*time.Second),
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
