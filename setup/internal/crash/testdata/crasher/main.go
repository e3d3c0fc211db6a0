//go:build linux

// Command crasher crashes in the way that its second argument names. Its first argument is the
// crash file.
//
// The goroutine that crashes has labels with the IDs of a span, and so has the goroutine of main.
// The IDs of main must not be on the line for the crash.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"github.com/nais/spor/setup/internal/crash"
)

func main() {
	crash.Keep(os.Args[1], slog.New(slog.NewTextHandler(os.Stdout, nil)))
	label("ffffffffffffffffffffffffffffffff", "ffffffffffffffff")
	go func() {
		label("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
		kinds[os.Args[2]]()
	}()
	<-make(chan int)
}

func label(traceID, spanID string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(
		"a", `"] {trace_id: x}, labels:{`, "span_id", spanID, "trace_id", traceID, "z", "å\n")))
}

var kinds = map[string]func(){
	"string":          func() { panic("boom") },
	"empty":           func() { panic("") },
	"lines":           func() { panic("boom\n\ngoroutine 1 [running]:\nmain.x()\nruntime stack:\nPC=1\n[signal x]\nend") },
	"long":            func() { panic(strings.Repeat("boom\n", 40000)) },
	"header":          func() { panic("goroutine 1 [running]:") },
	"person":          func() { panic("person 01017012345 password=hunter2") },
	"error":           func() { panic(errors.New("no answer")) },
	"custom error":    func() { panic(&code{7}) },
	"custom text":     func() { panic(text("a\nb")) },
	"custom struct":   func() { panic(pair{1, 2}) },
	"custom pointer":  func() { panic(&pair{1, 2}) },
	"int":             func() { panic(42) },
	"nil":             func() { panic(nil) },
	"index":           func() { fmt.Println([]int{}[len(os.Args)]) },
	"slice":           func() { fmt.Println([]int{}[len(os.Args):]) },
	"division":        func() { fmt.Println(1 / (len(os.Args) - 3)) },
	"conversion":      func() { fmt.Println(any("x").(int)) },
	"nil map":         func() { var m map[string]int; m["a"] = 1 },
	"nil pointer":     func() { var p *pair; p.a = 1 },
	"closed channel":  func() { c := make(chan int); close(c); c <- 1 },
	"close twice":     func() { c := make(chan int); close(c); close(c) },
	"repanic":         func() { defer func() { panic(recover()) }(); panic("boom") },
	"wrapped panic":   func() { defer func() { panic(fmt.Sprint("again: ", recover())) }(); panic("boom") },
	"nested":          func() { defer func() { panic("third") }(); defer func() { panic("second") }(); panic("first") },
	"after goexit":    func() { defer func() { panic("boom") }(); runtime.Goexit() },
	"panicking error": func() { panic(bad{}) },
	"makeslice":       func() { fmt.Println(len(make([]byte, len(os.Args)<<61))) },
	"deadlock":        func() { <-make(chan int) },
	"map writes":      func() { write(); write(); select {} },
	"map read": func() {
		m := write()
		for {
			_ = m[1]
		}
	},
	"map iteration": func() {
		m := write()
		for {
			for range m {
			}
		}
	},
	"unlock":         func() { new(sync.Mutex).Unlock() },
	"rw unlock":      func() { new(sync.RWMutex).Unlock() },
	"rw runlock":     func() { new(sync.RWMutex).RUnlock() },
	"overflow":       func() { debug.SetMaxStack(1 << 20); fmt.Println(overflow(0)) },
	"memory":         func() { limitMemory(); fmt.Println(len(make([]byte, 1<<33))) },
	"threads":        threads,
	"fault":          func() { fault() },
	"panic on fault": func() { debug.SetPanicOnFault(true); fault() },
	"abort":          func() { send(syscall.SIGABRT) },
	"quit":           func() { send(syscall.SIGQUIT) },
	"segv":           func() { send(syscall.SIGSEGV) },
}

type code struct{ n int }

func (c *code) Error() string { return fmt.Sprint("code ", c.n) }

type text string

type pair struct{ a, b int }

type bad struct{}

func (bad) Error() string { panic("inner") }

var shared = map[int]int{1: 1, 2: 2, 3: 3}

// write starts a goroutine that writes to the map.
func write() map[int]int {
	go func() {
		for {
			shared[1]++
		}
	}()
	return shared
}

func overflow(n int) int { return overflow(n+1) + 1 }

func limitMemory() {
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30})
}

func threads() {
	debug.SetMaxThreads(16)
	for range 32 {
		go func() { runtime.LockOSThread(); select {} }()
	}
	select {}
}

func fault() {
	address := uintptr(0x7f0000001000)
	**(**int)(unsafe.Pointer(&address)) = 1
}

// send sends a signal to this thread. So the goroutine that sends it is the one that crashes.
func send(s syscall.Signal) {
	runtime.LockOSThread()
	_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(syscall.Gettid()), uintptr(s))
	select {}
}
