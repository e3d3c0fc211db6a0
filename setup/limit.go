package setup

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// longestValue is the default limit of an attribute's text: a stray body or a
// page of SQL does not fill the queue.
const longestValue = 8 << 10

// readLimits reads the limits of a span. Zero is a limit: nothing of that kind
// is kept.
func readLimits(env *environment) sdktrace.SpanLimits {
	const most = math.MaxInt32
	attributeCount := env.integer("OTEL_ATTRIBUTE_COUNT_LIMIT", sdktrace.DefaultAttributeCountLimit, 0, most)
	valueLength := env.integer("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", longestValue, 0, most)
	return sdktrace.SpanLimits{
		AttributeCountLimit:         env.integer("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributeCount, 0, most),
		AttributeValueLengthLimit:   env.integer("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", valueLength, 0, most),
		EventCountLimit:             env.integer("OTEL_SPAN_EVENT_COUNT_LIMIT", sdktrace.DefaultEventCountLimit, 0, most),
		LinkCountLimit:              env.integer("OTEL_SPAN_LINK_COUNT_LIMIT", sdktrace.DefaultLinkCountLimit, 0, most),
		AttributePerEventCountLimit: env.integer("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", sdktrace.DefaultAttributePerEventCountLimit, 0, most),
		AttributePerLinkCountLimit:  env.integer("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", sdktrace.DefaultAttributePerLinkCountLimit, 0, most),
	}
}

// batchSettings are those of the batch span processor, in spans and times.
type batchSettings struct {
	queue, size    int
	counted        bool // the environment names one of them
	delay, timeout time.Duration
}

const (
	smallestQueue = 2048
	largestQueue  = 16384
	// spanBytes is what an ended span holds of the heap while it waits.
	spanBytes = 1400
)

func readBatch(env *environment) batchSettings {
	const (
		most          = 1 << 20
		queueVariable = "OTEL_BSP_MAX_QUEUE_SIZE"
		sizeVariable  = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
	)
	queue := env.integer(queueVariable, queueFor(memoryLimit()), 1, most)
	size := env.integer(sizeVariable, min(512, queue), 1, most)
	if size > queue {
		env.wrong(sizeVariable, env.text(sizeVariable), "is larger than the queue of "+strconv.Itoa(queue)+" spans (lower it, or raise "+queueVariable+"); the queue's size is used")
		size = queue
	}
	return batchSettings{
		queue:   queue,
		size:    size,
		counted: env.text(queueVariable) != "" || env.text(sizeVariable) != "",
		delay:   env.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5*time.Second),
		timeout: env.milliseconds("OTEL_BSP_EXPORT_TIMEOUT", 30*time.Second),
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
