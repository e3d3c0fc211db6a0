package oteltest

import (
	"strings"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Points returns the values of a sum or a gauge with integer values. The key of a series consists
// of the values of its attributes, ordered by the keys of the attributes, such as shop/idle.
func Points(data metricdata.Aggregation) map[string]int64 {
	var points []metricdata.DataPoint[int64]
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	values := map[string]int64{}
	for _, point := range points {
		var parts []string
		for _, attr := range point.Attributes.ToSlice() {
			parts = append(parts, attr.Value.String())
		}
		values[strings.Join(parts, "/")] = point.Value
	}
	return values
}
