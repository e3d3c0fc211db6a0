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

// GatherProcess returns the metrics of the Go runtime and of the process, under
// the names that client_golang gives them and that Nais APM reads, behind those
// of the program's own registries.
func GatherProcess(program []prometheus.Gatherer) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return firstOfName(append(slices.Clip(program), registry))
}

// firstOfName gathers from several registries. Of a family that more than one
// has, the first counts: the program's registry often has the Go collector too.
// It reports errors itself, and goes on without what is missing: whoever asks
// would throw the rest away for them.
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

// gather makes an error of a panic, which would end the process.
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

// cleanLabels replaces labels rather than change them: a registry may keep them.
func cleanLabels(labels []*dto.LabelPair) {
	for i, label := range labels {
		key, value := attribute.Key(label.GetName()), label.GetValue()
		if cleaned := clean.Named(key, value); cleaned != value {
			labels[i] = &dto.LabelPair{Name: label.Name, Value: &cleaned}
		}
	}
}
