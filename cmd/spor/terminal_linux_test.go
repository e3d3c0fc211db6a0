package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nais/spor/internal/oteltest"
)

// openTerminal creates a pseudo-terminal and returns both of its ends. The test uses the file
// user to type and to read the screen. Programs use the file program as stdin, stdout and
// stderr.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		oteltest.Lacking(t, err)
	}
	t.Cleanup(func() { _ = user.Close() })
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 120, Row: 40}); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return user, program
}

// onTerminal starts cmd as the first program of a new terminal. The test reads from screen what
// a user would see, and writes to keyboard what a user would type.
func onTerminal(t *testing.T, cmd *exec.Cmd) (screen *bufio.Scanner, keyboard *os.File) {
	t.Helper()
	user, program := openTerminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The test keeps the terminal open, as the user's shell does. Otherwise the last program
	// would close the terminal, and output could be lost.
	watchdog := time.AfterFunc(time.Minute, func() { _ = program.Close() })
	t.Cleanup(func() { watchdog.Stop() })
	return bufio.NewScanner(user), user
}

// The function see reads lines of the screen until a line contains want. It returns all lines
// that it read.
func see(t *testing.T, screen *bufio.Scanner, want string) string {
	t.Helper()
	var seen strings.Builder
	for screen.Scan() {
		seen.WriteString(screen.Text() + "\n")
		if strings.Contains(screen.Text(), want) {
			return seen.String()
		}
	}
	t.Fatalf("the screen shows\n%s\nwant a line with %q", seen.String(), want)
	return ""
}

// underShell changes cmd into a shell with job control that runs script. In script, the words
// "$0" "$@" mean the original command.
func underShell(t *testing.T, cmd *exec.Cmd, script string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		oteltest.Lacking(t, err)
	}
	cmd.Path, cmd.Args = bash, append([]string{bash, "--norc", "-mc", script}, cmd.Args...)
}

func TestRunHandsTerminalToCommand(t *testing.T) {
	cmd := spor(t, running("tty")...)
	underShell(t, cmd, `"$0" "$@"; exit $?`) // if spor is stopped, the shell continues and the test fails
	screen, keyboard := onTerminal(t, cmd)
	see(t, screen, "ready")
	if _, err := keyboard.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	see(t, screen, "read typed")
	drawn := see(t, screen, "log records received")
	if !strings.Contains(drawn, "\x1b[31m✗ \x1b[0m") {
		t.Errorf("no colour in\n%s", drawn)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestRunOnTerminalWithoutColor(t *testing.T) {
	for _, pair := range []string{"NO_COLOR=1", "TERM=dumb"} {
		t.Run(pair, func(t *testing.T) {
			cmd := spor(t, running("traces")...)
			cmd.Env = append(cmd.Env, pair)
			screen, _ := onTerminal(t, cmd)
			if drawn := see(t, screen, "log records received"); strings.Contains(drawn, "\x1b") {
				t.Errorf("colour in\n%s", drawn)
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRunMakesLogsReadable(t *testing.T) {
	screen, _ := onTerminal(t, spor(t, running("once")...))
	see(t, screen, "\x1b[32mINFO  \x1b[0mhello  name=anna  \x1b[2mtrace=")
	screen, _ = onTerminal(t, spor(t, running("once", "--raw")...))
	see(t, screen, `"level":"INFO","message":"hello"`)
	file := procfile(t, "orders: "+roleKey+"=once $SPOR")
	screen, _ = onTerminal(t, spor(t, "run", "--procfile", file))
	see(t, screen, "\x1b[36morders | \x1b[0m\x1b[2m")
}

func TestRunInterruptedFromKeyboard(t *testing.T) {
	cmd := spor(t, running("waits")...)
	screen, keyboard := onTerminal(t, cmd)
	see(t, screen, "child ready")
	if _, err := keyboard.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	see(t, screen, "child interrupt")
	see(t, screen, "log records received")
	_ = cmd.Wait()
	if got, want := cmd.ProcessState.ExitCode(), 7; got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}

// TestRunEndsWithOneInterrupt checks that Ctrl-C ends the viewer too, and not only the command.
func TestRunEndsWithOneInterrupt(t *testing.T) {
	cmd := spor(t, running("waits", "--ui=127.0.0.1:0")...)
	screen, keyboard := onTerminal(t, cmd)
	see(t, screen, "child ready")
	oteltest.Eventually(t, func() bool { return isRunning("await-interrupts") })
	if _, err := keyboard.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	seen := see(t, screen, "log records received")
	_ = cmd.Wait() // without the signal, spor would wait until a page is opened
	if got, want := cmd.ProcessState.ExitCode(), 7; got != want {
		t.Errorf("exit code %d, want %d: %s", got, want, seen)
	}
}

// isRunning reports whether a process with this argument runs.
func isRunning(argument string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(file string) bool {
		line, err := os.ReadFile(file)
		return err == nil && slices.Contains(strings.Split(string(line), "\x00"), argument)
	})
}

func TestRunStoppedFromKeyboard(t *testing.T) {
	cmd := spor(t, running("waits")...)
	underShell(t, cmd, `"$0" "$@"; echo "job stopped"; fg; echo "code $?"`)
	screen, keyboard := onTerminal(t, cmd)
	see(t, screen, "child ready")
	if _, err := keyboard.WriteString("\x1a"); err != nil {
		t.Fatal(err)
	}
	see(t, screen, "job stopped")
	see(t, screen, "child continued")
	if _, err := keyboard.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	see(t, screen, "child interrupt")
	see(t, screen, "code 7")
	_ = cmd.Wait()
}
