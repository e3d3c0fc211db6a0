package environ

import (
	"strconv"
	"time"
)

// Logs contains the settings for exporting log records. The settings do not affect the log
// that the program itself writes.
type Logs struct {
	Signal
	Batch Batch
}

func readLogs(env *Environment) Logs {
	s := Logs{Signal: readSignal(env, "LOGS")}
	const most = 1 << 20
	const sizeVariable = "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"
	s.Batch.Queue = env.integer("OTEL_BLRP_MAX_QUEUE_SIZE", smallestQueue, 1, most)
	s.Batch.Size = env.integer(sizeVariable, min(512, s.Batch.Queue), 1, most)
	if s.Batch.Size > s.Batch.Queue {
		env.wrong(sizeVariable, env.Text(sizeVariable), "is larger than the queue of "+strconv.Itoa(s.Batch.Queue)+
			" records (lower it, or raise OTEL_BLRP_MAX_QUEUE_SIZE); the queue's size is used")
		s.Batch.Size = s.Batch.Queue
	}
	s.Batch.Delay = env.milliseconds("OTEL_BLRP_SCHEDULE_DELAY", time.Second)
	s.Batch.Timeout = env.milliseconds("OTEL_BLRP_EXPORT_TIMEOUT", 30*time.Second)
	return s
}
