package naislog_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// endlessBytes is a type whose values can contain themselves. encoding/json cannot encode
// such a value.
type endlessBytes struct {
	Self *endlessBytes
	B    []byte
}

func TestLogsOfBytesThatJSONCannotHave(t *testing.T) {
	self := &endlessBytes{B: []byte("text")}
	self.Self = self
	for name, value := range map[string]any{
		"itself": self, "function": struct {
			B []byte
			F func()
		}{[]byte("text"), func() {}}, "many": make([]*endlessBytes, 1<<17),
	} {
		line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "value", value) })
		if got := fmt.Sprint(line["value"]); name != "many" && !strings.HasPrefix(got, "!ERROR") {
			t.Errorf("%s: got %.100s", name, got)
		}
	}
}
