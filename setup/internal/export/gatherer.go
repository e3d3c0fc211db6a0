package export

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/clean"
)

// GatherProcess returns a gatherer for the metrics of the program's own registries, of the
// Go runtime and of the process, in this order. The metrics of the runtime and of the
// process have the names of client_golang, which Nais APM reads.
func GatherProcess(program []prometheus.Gatherer) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return firstOfName(append(slices.Clip(program), registry))
}

// firstOfName gathers from several registries. If several have a metric family with the
// same name, it uses the first one, because the program's registry often has the Go
// collector, too. It reports errors itself and returns the other metrics without an error,
// because callers discard all metrics if there is an error.
type firstOfName []prometheus.Gatherer

func (f firstOfName) Gather() ([]*dto.MetricFamily, error) {
	var families []*dto.MetricFamily
	var problems []error
	seen := map[string]bool{}
	for _, gatherer := range f {
		some, err := gather(gatherer)
		problems = append(problems, err)
		for _, family := range some {
			if name := family.GetName(); !seen[name] {
				seen[name] = true
				families = append(families, family)
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		otel.Handle(fmt.Errorf("setup: some metrics are missing: %w", err))
	}
	return families, nil
}

// gather returns a panic of gatherer as an error. Otherwise the panic would end the
// process.
func gather(gatherer prometheus.Gatherer) (families []*dto.MetricFamily, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%T panicked: %v", gatherer, value)
		}
	}()
	return gatherer.Gather()
}

// cleanGatherer cleans help texts and the values of labels.
type cleanGatherer struct{ prometheus.Gatherer }

func (g cleanGatherer) Gather() ([]*dto.MetricFamily, error) {
	families, err := g.Gatherer.Gather()
	for _, family := range families {
		if help := family.GetHelp(); !clean.IsClean(help) {
			cleaned := clean.Text(help)
			family.Help = &cleaned
		}
		for _, metric := range family.GetMetric() {
			cleanLabels(metric.GetLabel())
			cleanLabels(metric.GetCounter().GetExemplar().GetLabel())
			for _, bucket := range metric.GetHistogram().GetBucket() {
				cleanLabels(bucket.GetExemplar().GetLabel())
			}
		}
	}
	return families, err
}

// cleanLabels replaces labels instead of changing them, because a registry may keep them.
func cleanLabels(labels []*dto.LabelPair) {
	for i, label := range labels {
		key, value := attribute.Key(label.GetName()), label.GetValue()
		if cleaned := clean.Named(key, value); cleaned != value {
			labels[i] = &dto.LabelPair{Name: label.Name, Value: &cleaned}
		}
	}
}
