package main_test

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// droppedPackets returns the address of a socket whose queue is full. A new connection to the
// address gets no answer, in the same way as a connection that a network policy blocks.
func droppedPackets(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*unix.SockaddrInet4).Port))
	conn, err := net.Dial("tcp", address) // this connection fills the queue
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

func TestDoctorSeesDroppedPackets(t *testing.T) {
	f := ask(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+droppedPackets(t), "NAIS_CLUSTER_NAME=dev")
	for _, s := range f.Steps {
		if s.Step == "connect" && s.State == "failed" && strings.Contains(s.Cure, "nais.yaml opens the way") {
			return
		}
	}
	t.Errorf("got %q", f.Steps)
}

// TestDoctorReadsAnotherProcess checks that spor doctor reads the environment of another
// process. In a debug container, spor reads the environment of the program in the pod in the
// same way.
func TestDoctorReadsAnotherProcess(t *testing.T) {
	other := exec.CommandContext(t.Context(), "sleep", "60")
	other.Env = []string{"OTEL_SDK_DISABLED=true"}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Wait() }) // the process has ended, because the context of the test ended it
	r := finish(t, spor(t, "doctor", "--pid", strconv.Itoa(other.Process.Pid)))
	if !strings.Contains(r.stdout, "OTEL_SDK_DISABLED is true") {
		t.Errorf("got %s", r.stdout)
	}
}
