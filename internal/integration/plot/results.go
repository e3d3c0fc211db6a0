package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// A series is one metric of one benchmark, measured for several libraries, such as
// {"Kafka/op=produce/state=always", "cpu-ns"}.
type series struct{ benchmark, metric string }

// results contains all measured values. The keys are the series and the name of the library.
type results map[series]map[string][]float64

// read reads the results of benchmarks from files. The name of the library is either in the
// name of the benchmark, as in /lib=spor, or in the unit, as in cpu-ns/spor.
func read(files []string) (results, error) {
	all := results{}
	from := map[string]string{}
	input := benchfmt.Files{Paths: files}
	for input.Scan() {
		switch r := input.Result().(type) {
		case *benchfmt.SyntaxError: // probably a log line between the results
			fmt.Fprintln(os.Stderr, "plot:", r)
		case *benchfmt.Result:
			benchmark, library := split(r.Name)
			name := benchmark + "/lib=" + library
			file, _ := r.Pos()
			if before, ok := from[name]; ok && before != file {
				return nil, fmt.Errorf("%s is both in %s and in %s (want only one of the files)", r.Name, before, file)
			}
			from[name] = file
			all.add(r, benchmark, library)
		}
	}
	return all, input.Err()
}

func (all results) add(r *benchfmt.Result, benchmark, library string) {
	for _, v := range r.Values {
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" {
			value, unit = v.OrigValue, v.OrigUnit
		}
		metric, per, ok := strings.Cut(unit, "/")
		if !ok {
			continue
		}
		if per == "op" {
			per = library
		}
		s := series{benchmark, metric}
		if all[s] == nil {
			all[s] = map[string][]float64{}
		}
		all[s][per] = append(all[s][per], value)
	}
}

// split returns the two parts of a name: the name of the benchmark itself, and the name of the
// library. It removes the number for GOMAXPROCS.
func split(name benchfmt.Name) (benchmark, library string) {
	base, parts := name.Parts()
	benchmark = string(base)
	for _, part := range parts {
		if lib, ok := strings.CutPrefix(string(part), "/lib="); ok {
			library = lib
		} else if part[0] == '/' {
			benchmark += string(part)
		}
	}
	return benchmark, library
}

func median(figures []float64) float64 {
	sample := benchmath.NewSample(figures, &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95).Center
}
