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

// GatherProcess returns a gatherer for three groups of metrics, in this order:
//   - The metrics in the program's own registries.
//   - The metrics of the Go runtime.
//   - The metrics of the process.
//
// The last two groups use the metric names of client_golang, because Nais APM reads these
// names.
func GatherProcess(program []prometheus.Gatherer) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return firstOfName(append(slices.Clip(program), registry))
}

// firstOfName gathers from several registries. If several registries have a metric family
// with the same name, it uses the family of the first registry. Such families are common,
// because the program's registry often also contains the Go collector. If a registry
// returns an error, firstOfName reports the error itself and returns the metrics of the
// other registries without an error. The reason is that callers discard all metrics if
// they get an error.
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

// gather calls gatherer. If gatherer panics, gather returns an error, because otherwise the
// panic would end the process.
func gather(gatherer prometheus.Gatherer) (families []*dto.MetricFamily, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("%T panicked: %v", gatherer, value)
		}
	}()
	return gatherer.Gather()
}

// A cleanGatherer cleans the metrics of its gatherer.
type cleanGatherer struct {
	prometheus.Gatherer
	clean  clean.Cleaner
	folded *Folded
}

func (g cleanGatherer) Gather() ([]*dto.MetricFamily, error) {
	families, err := g.Gatherer.Gather()
	for _, family := range families {
		if help := family.GetHelp(); !g.clean.IsClean(help) {
			cleaned := g.clean.Text(help)
			family.Help = &cleaned
		}
		for _, metric := range family.GetMetric() {
			g.cleanLabels(metric.GetLabel())
			g.cleanLabels(metric.GetCounter().GetExemplar().GetLabel())
			for _, bucket := range metric.GetHistogram().GetBucket() {
				g.cleanLabels(bucket.GetExemplar().GetLabel())
			}
		}
		g.folded.scraped(family)
	}
	return families, err
}

// cleanLabels replaces each label that is not clean with a clean copy. It does not change
// the label itself, because a registry may still use the label.
func (g cleanGatherer) cleanLabels(labels []*dto.LabelPair) {
	for i, label := range labels {
		key, value := attribute.Key(label.GetName()), label.GetValue()
		if cleaned := g.clean.Named(key, value); cleaned != value {
			labels[i] = &dto.LabelPair{Name: label.Name, Value: &cleaned}
		}
	}
}
