package environ

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// A Batch is how spans or log records are gathered for export.
type Batch struct {
	Queue, Size    int           // in spans or records
	Counted        bool          // the environment names one of them; of spans
	Bytes          int           // what encoded spans may take while they wait; of spans
	Delay, Timeout time.Duration // until an export, and of it
}

const (
	smallestQueue = 2048
	largestQueue  = 16384
	// spanBytes is what an ended span holds of the heap while it waits.
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

// bufferFor gives encoded spans at most an eighth of the memory.
func bufferFor(memory int64) int {
	return int(min(max(memory/8, 4<<20), 32<<20))
}

// queueFor gives the SDK's spans at most a 64th of the memory.
func queueFor(memory int64) int {
	return int(min(max(memory/64/spanBytes, smallestQueue), largestQueue))
}

// memoryLimit returns the bytes that the process may use: the container's limit
// or GOMEMLIMIT, whichever is less; the largest int64 where there is neither.
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
