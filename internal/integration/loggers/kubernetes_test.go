package loggers_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"k8s.io/klog/v2"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrtrace"
)

// early is made before logf.SetLogger, as in many packages of controllers.
var early = logf.Log.WithName("early").WithValues("kind", "Quote")

// TestKubernetes checks the ways in which programs get a logger of klog and of
// controller-runtime.
func TestKubernetes(t *testing.T) {
	verbosity(t, "5")
	ctx := spanContext()
	err := errors.New("gone")
	for name, tt := range map[string]struct {
		log   func()
		level string
		span  bool
		kind  any
	}{
		"logf.FromContext":          {func() { logf.FromContext(ctx).Info("m") }, "INFO", false, nil},
		"logf.FromContext with ctx": {func() { logf.FromContext(ctx, "ctx", ctx).Info("m") }, "INFO", true, nil},
		"logf.IntoContext": {func() {
			inner := logf.IntoContext(ctx, logf.FromContext(ctx, "ctx", ctx))
			logf.FromContext(inner, "n", 1).WithName("x").V(1).Info("m")
		}, "DEBUG", true, nil},
		"klog.FromContext of it": {func() {
			inner := logf.IntoContext(ctx, logf.FromContext(ctx, "ctx", ctx))
			klog.FromContext(inner).V(4).Info("m")
		}, "DEBUG", true, nil},
		"logf.Log, made early": {func() { early.WithValues("ctx", ctx).Error(err, "m") }, "ERROR", true, "*errors.errorString"},
		"early, in the line":   {func() { early.V(5).Info("m", "ctx", ctx) }, "TRACE", true, nil},
		"klog.InfoS":           {func() { klog.InfoS("m", "ctx", ctx) }, "INFO", true, nil},
		"klog.ErrorS":          {func() { klog.ErrorS(err, "m", "ctx", ctx) }, "ERROR", true, "*errors.errorString"},
		"klog.V.InfoS":         {func() { klog.V(5).InfoS("m", "ctx", ctx) }, "TRACE", true, nil},
		"klog.Background":      {func() { klog.Background().V(1).Info("m", "ctx", ctx) }, "DEBUG", true, nil},
		"klog.LoggerWithValues": {func() {
			klog.LoggerWithValues(klog.FromContext(ctx), "ctx", ctx).Error(err, "m")
		}, "ERROR", true, "*errors.errorString"},
		"klog.Infof":   {func() { klog.Infof("%s", "m") }, "INFO", false, nil},
		"klog.Warning": {func() { klog.Warning("m") }, "INFO", false, nil},
		"klog.Error":   {func() { klog.Error("m") }, "ERROR", false, nil},
	} {
		for _, contextual := range []bool{false, true} {
			var out bytes.Buffer
			controllers.set(&out)
			klog.SetLoggerWithOptions(logrtrace.Logger(all(&out)), klog.ContextualLogger(contextual))
			tt.log()
			line := object(t, out.Bytes())
			if line["level"] != tt.level || line["message"] != "m" || line["ctx"] != nil || line["error.type"] != tt.kind ||
				(line["trace_id"] == traceID) != tt.span || (line["span_id"] == spanID) != tt.span {
				t.Errorf("%s, contextual: %t: got %v", name, contextual, line)
			}
			if strings.Contains(name, "early") && (line["logger"] != "early" || line["kind"] != "Quote") {
				t.Errorf("%s: got %v", name, line)
			}
		}
	}
}

func all(w io.Writer) slog.Handler {
	return setup.LogHandler(w, &slog.HandlerOptions{Level: slog.Level(-10)})
}

// verbosity sets the flag -v of klog.
func verbosity(t *testing.T, v string) {
	t.Helper()
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	if err := flags.Set("v", v); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flags.Set("v", "0") })
}

// TestReferences checks that objects of Kubernetes are written with their names.
func TestReferences(t *testing.T) {
	var out bytes.Buffer
	klog.SetLoggerWithOptions(logrtrace.Logger(all(&out)), klog.ContextualLogger(true))
	klog.FromContext(context.Background()).Info("m", "pod", klog.KRef("default", "quotes"))
	if got := fmt.Sprint(object(t, out.Bytes())["pod"]); got != "map[name:quotes namespace:default]" {
		t.Errorf("got %s", got)
	}
}
