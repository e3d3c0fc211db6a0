package environ

import (
	"strconv"
	"time"
)

// Logs contains the settings for exporting log records. The settings do not affect the log
// that the program itself writes.
type Logs struct {
	Signal
	Batch  Batch
	Limits Limits // only Attributes and ValueLength; a negative number means no limit
}

func readLogs(env *Environment) Logs {
	return Logs{Signal: readSignal(env, "LOGS"), Batch: readRecordBatch(env), Limits: readRecordLimits(env)}
}

// readRecordBatch reads how log records are batched. The SDK allocates the whole queue when it
// starts. Therefore a long queue is shortened to what fits in the same number of bytes as the
// encoded spans.
func readRecordBatch(env *Environment) Batch {
	b := readBatchOf(env, "OTEL_BLRP_", "records", smallestQueue, time.Second)
	if longest := bufferFor(memoryLimit()) / recordBytes; b.Queue > longest {
		b.Queue, b.Size = longest, min(b.Size, longest)
		env.use("OTEL_BLRP_MAX_QUEUE_SIZE", strconv.Itoa(b.Queue))
		env.use("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", strconv.Itoa(b.Size))
	}
	return b
}
