//go:build integration

package integration

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/internal/oteltest"
)

// java is a running Java program. It uses the library kafka-clients and the OpenTelemetry
// Java agent.
type java struct {
	*collector

	orders  io.Writer
	answers *bufio.Scanner
}

// startJava starts the program in the folder java. The program reads commands, which are
// called orders, from its standard input. The first call of startJava also builds the
// program.
func startJava(t *testing.T, cluster kafkasuite.Cluster, agent string, env ...string) *java {
	t.Helper()
	if _, err := exec.LookPath("mvn"); err != nil {
		oteltest.Lacking(t, err)
	}
	build := exec.CommandContext(t.Context(), "java/build.sh")
	build.Stderr = os.Stderr
	built, err := build.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(built))
	j := &java{collector: listen(t, "127.0.0.1:0")}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute) // the program ends when its input ends
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "java", "-XX:TieredStopAtLevel=1", "-Xmx256m",
		"-javaagent:"+dir+"/agents/opentelemetry-javaagent-"+agent+".jar",
		"-cp", dir+"/classes:"+dir+"/lib/*", "Peer", strings.Join(cluster.Brokers(), ","))
	cmd.Env = append(append(os.Environ(), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT="+j.Endpoint(),
		"OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none", "OTEL_BSP_SCHEDULE_DELAY=100", "OTEL_SERVICE_NAME=peer"), env...)
	reported := new(strings.Builder)
	cmd.Stderr = reported
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		orders.Close()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("java: %v\n%s", err, reported)
		}
	})
	j.orders, j.answers = orders, bufio.NewScanner(answers)
	j.done(t) // wait until the program has started
	return j
}

// do sends an order to the program, and returns the lines of the program's answer.
func (j *java) do(t *testing.T, order ...any) []string {
	t.Helper()
	if _, err := fmt.Fprintln(j.orders, order...); err != nil {
		t.Fatal(err)
	}
	return j.done(t)
}

func (j *java) done(t *testing.T) (lines []string) {
	t.Helper()
	for j.answers.Scan() {
		if j.answers.Text() == "done" {
			return lines
		}
		lines = append(lines, j.answers.Text())
	}
	t.Fatalf("the Java program ended after the order %q: %v", lines, j.answers.Err())
	return nil
}

// span returns the span with this kind and topic. There must be only one.
func (j *java) span(t *testing.T, kind trace.SpanKind, topic string) (found kafkaSpan) {
	t.Helper()
	of := func() (all []kafkaSpan) {
		for _, s := range j.received() {
			if span := javaSpan(s); span.kind == kind && span.topic == topic {
				all = append(all, span)
			}
		}
		return all
	}
	oteltest.Eventually(t, func() bool { return len(of()) > 0 })
	if all := of(); len(all) != 1 {
		t.Fatalf("%d %v spans of %s", len(all), kind, topic)
	}
	return of()[0]
}

func javaSpan(s *tracepb.Span) kafkaSpan {
	span := kafkaSpan{
		trace: trace.TraceID(s.GetTraceId()), id: trace.SpanID(s.GetSpanId()), name: s.GetName(),
		kind: trace.SpanKind(s.GetKind()),
	}
	if len(s.GetParentSpanId()) > 0 {
		span.parent = trace.SpanID(s.GetParentSpanId())
	}
	for _, kv := range s.GetAttributes() {
		if kv.GetKey() == "messaging.destination.name" {
			span.topic = kv.GetValue().GetStringValue()
		}
	}
	for _, link := range s.GetLinks() {
		span.links = append(span.links, trace.SpanID(link.GetSpanId()))
	}
	return span
}

// TestKafkaWithJava tests that traces continue between programs in Go and in Java. In the first
// case, the Java program receives a record from a Go program and sends it to another Go program.
// In the second case, a Go program receives a record from the Java program and sends it back to
// the Java program.
func TestKafkaWithJava(t *testing.T) {
	cluster := newRealKafka(t)
	for _, agent := range []string{"2.28.1", "2.33.1"} { // the versions in java/pom.xml
		t.Run("agent "+agent, func(t *testing.T) {
			j := startJava(t, cluster, agent)
			for name, client := range goKafkaClients {
				t.Run(name+" to Java to "+name, func(t *testing.T) { testGoJavaGo(t, cluster, client, j) })
				t.Run("Java to "+name+" to Java", func(t *testing.T) { testJavaGoJava(t, cluster, client, j) })
			}
		})
	}
}

func testGoJavaGo(t *testing.T, cluster kafkasuite.Cluster, client kafkasuite.Client, j *java) {
	t.Helper()
	sender, receiver := goKafkaSide{client, oteltest.New(t)}, goKafkaSide{client, oteltest.New(t)}
	there, back := newKafkaTopic(t, cluster), newKafkaTopic(t, cluster)
	root := sender.send(t, cluster, there)
	j.do(t, "forward", there, back, "java-"+rand.Text()[:8], 1)
	receiver.receive(t, cluster, back, nil)

	sent := kafkaSpanOf(sender.Wait(t, 2)[0])
	processedThere, sentBack := j.span(t, trace.SpanKindConsumer, there), j.span(t, trace.SpanKindProducer, back)
	processed := kafkaSpanOf(receiver.Only(t))
	checkKafkaHop(t, root, sent, "publish", there)
	checkKafkaHop(t, sent, processedThere, "process", there)
	checkKafkaHop(t, processedThere, sentBack, "publish", back)
	checkKafkaHop(t, sentBack, processed, "process", back)
	checkKafkaLink(t, processed, sentBack)
}

func testJavaGoJava(t *testing.T, cluster kafkasuite.Cluster, client kafkasuite.Client, j *java) {
	t.Helper()
	middle := goKafkaSide{client, oteltest.New(t)}
	there, back := newKafkaTopic(t, cluster), newKafkaTopic(t, cluster)
	j.do(t, "produce", there, 1)
	middle.forward(t, cluster, there, back)
	headers := j.do(t, "consume", back, "java-"+rand.Text()[:8], 1)

	sentThere := j.span(t, trace.SpanKindProducer, there)
	spans := middle.Wait(t, 2)
	sent, processed := kafkaSpanOf(spans[0]), kafkaSpanOf(spans[1])
	processedBack := j.span(t, trace.SpanKindConsumer, back)
	checkKafkaHop(t, kafkaSpan{trace: sentThere.trace}, sentThere, "publish", there) // this span is the root of its trace
	checkKafkaHop(t, sentThere, processed, "process", there)
	checkKafkaLink(t, processed, sentThere)
	checkKafkaHop(t, processed, sent, "publish", back)
	checkKafkaHop(t, sent, processedBack, "process", back)
	if want := fmt.Sprintf("traceparent=00-%v-%v-%v", sent.trace, sent.id, spans[0].SpanContext().TraceFlags()); len(headers) != 1 || headers[0] != want {
		t.Errorf("the Java program read the headers %q, want only %s", headers, want)
	}
}
