//go:build unix

package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The function play is the main function of the programs that spor runs in these tests.
func play(role string, args []string) int {
	switch role {
	case "environ":
		for _, key := range args {
			fmt.Printf("%s=%s\n", key, os.Getenv(key))
		}
	case "exit":
		return 42
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		select {}
	case "output":
		_, _ = io.WriteString(os.Stdout, "first\nsecond\r\n\xff\x00no newline")
		_, _ = io.WriteString(os.Stderr, "trouble\n")
	case "cat":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "long line":
		_, _ = io.WriteString(os.Stdout, strings.Repeat("x", 1<<20)+"yz\n")
	case "endless":
		for {
			_, _ = io.WriteString(os.Stdout, "y\n")
		}
	case "hostile":
		return sendHostile()
	case "traces":
		return sendTraces()
	case "once", "serves", "fails", "leaks":
		return serve(role)
	case "listens":
		return listen()
	case "orders":
		return sendOrders(args[0])
	case "incomplete":
		return sendIncomplete()
	case "parent":
		return runChild()
	case "waits":
		return waitForSignal("child")
	case "counts":
		return countSignals()
	case "leaves":
		return leaveChild()
	case "ignores":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	case "hold":
		return holdConnection()
	case "prompt":
		return promptAndTrace()
	case "tty":
		return readTerminal()
	default:
		fmt.Fprintf(os.Stderr, "no program %q\n", role)
		return 1
	}
	return 0
}

func provider() *sdktrace.TracerProvider {
	exporter, err := otlptracegrpc.New(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
}

func shutdown(p *sdktrace.TracerProvider) int {
	if err := p.Shutdown(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// sendOrders sends six requests. Each request makes the given number of queries.
func sendOrders(queries string) int {
	n, err := strconv.Atoi(queries)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p := provider()
	tracer := p.Tracer("test")
	for range 6 {
		ctx, server := tracer.Start(context.Background(), "GET /orders", trace.WithSpanKind(trace.SpanKindServer))
		for range n {
			_, query := tracer.Start(ctx, "SELECT items", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
				attribute.String("db.system.name", "postgresql"), attribute.String("db.query.text", "SELECT * FROM items WHERE order_id = $1")))
			query.End()
		}
		server.End()
	}
	return shutdown(p)
}

// sendTraces sends two traces. Together they have five spans.
func sendTraces() int {
	p := provider()
	tracer := p.Tracer("test")
	ctx, server := tracer.Start(context.Background(), "GET /quotes/{id}", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", "GET"), attribute.Int("http.response.status_code", 200)))
	_, query := tracer.Start(ctx, "SELECT quotes", trace.WithSpanKind(trace.SpanKindClient))
	query.RecordError(errors.New("connection refused"))
	query.SetStatus(codes.Error, "connection refused")
	query.End()
	_, internal := tracer.Start(ctx, "rank")
	internal.End()
	server.End()
	ctx, job := tracer.Start(context.Background(), "job")
	_, step := tracer.Start(ctx, "step")
	step.End()
	job.End()
	fmt.Println("done")
	return shutdown(p)
}

// sendIncomplete sends a trace whose root span does not end.
func sendIncomplete() int {
	p := provider()
	ctx, _ := p.Tracer("test").Start(context.Background(), "root") //nolint:spancheck // the test needs a span that does not end
	_, child := p.Tracer("test").Start(ctx, "child")
	child.End()
	return shutdown(p)
}

// runChild starts a child process with the same output. Parent and child both wait for a
// signal.
func runChild() int {
	cmd := exec.Command(os.Args[0]) // the child ends when it gets a signal
	cmd.Env = append(os.Environ(), roleKey+"=waits")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := waitForSignal("parent")
	_ = cmd.Wait()
	return code
}

// waitForSignal prints that name is ready, and then prints each signal that it receives. It
// returns after the first signal that is not SIGCONT.
func waitForSignal(name string) int {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGCONT, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	fmt.Println(name, "ready")
	for sig := range caught {
		fmt.Println(name, sig)
		if sig != syscall.SIGCONT {
			break
		}
	}
	return 7
}

// countSignals waits for a signal that ends a program, and a while for further ones. It prints how
// many there were.
func countSignals() int {
	caught := make(chan os.Signal, 10)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGTERM)
	fmt.Println("ready")
	<-caught
	<-time.After(500 * time.Millisecond)
	fmt.Println(1+len(caught), "signal")
	return 0
}

// leaveChild starts a child process and returns while the child still runs. The child prints
// "ready" and ignores SIGTERM.
func leaveChild() int {
	cmd := exec.Command(os.Args[0]) // the child keeps running
	cmd.Env = append(os.Environ(), roleKey+"=ignores")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = out.Read(make([]byte, 1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(cmd.Process.Pid)
	return 3
}

// holdConnection starts a process outside the process group, and returns while this process
// still runs. The process keeps two things open: the output, and a connection to the receiver.
func holdConnection() int {
	endpoint := strings.TrimPrefix(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://")
	conn, err := net.Dial("tcp", endpoint)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command(os.Args[0]) // the process keeps running
	cmd.Env = append(os.Environ(), roleKey+"=cat")
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr // the process ends when the test closes stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// promptAndTrace writes one half of a line, sends a trace, and then writes the other half.
func promptAndTrace() int {
	fmt.Fprint(os.Stderr, "half a line, ")
	p := provider()
	_, span := p.Tracer("test").Start(context.Background(), "root")
	span.End()
	code := shutdown(p)
	fmt.Fprint(os.Stderr, "and the rest\n")
	return code
}

func readTerminal() int {
	fmt.Println("ready")
	var line string
	if _, err := fmt.Scanln(&line); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("read", line)
	return sendTraces()
}
