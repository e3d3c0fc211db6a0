package viewer

import (
	"encoding/hex"

	"github.com/nais/spor/internal/tracetree"
)

func parseTraceID(text string) (tracetree.ID, bool) {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != len(tracetree.ID{}) || isZero(id) {
		return tracetree.ID{}, false
	}
	return tracetree.ID(id), true
}

func parseSpanID(text string) (tracetree.SpanID, bool) {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != len(tracetree.SpanID{}) || isZero(id) {
		return tracetree.SpanID{}, false
	}
	return tracetree.SpanID(id), true
}
