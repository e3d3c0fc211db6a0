package naislog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A twin is one attribute, as a program logs it and as slog's own handler must get it so that it
// writes what this package writes.
type twin struct{ own, slogs slog.Attr }

// twins makes attributes from the bytes of a fuzz test.
type twins struct {
	in    []byte
	depth int
	err   bool // one of the attributes is an error
}

func (s *twins) next(n int) int {
	if len(s.in) == 0 {
		return 0
	}
	b := s.in[0]
	s.in = s.in[1:]
	return int(b) % n
}

var twinTexts = []string{
	"", "a", "two words", `quote " and \ and /`, "new\nline\ttab\r\x00\x1f\x7f", "æøå € 🙂", "\xff\xc0bad", "\u2028\u2029", "<&>", strings.Repeat("long", 300),
}

func (s *twins) text() string { return twinTexts[s.next(len(twinTexts))] }

func (s *twins) key(top bool) (own, slogs string) {
	keys := []string{"a", "b", "c", "é\"", "time", "level", "msg", "message", "x.y", ""}
	key := keys[s.next(len(keys))]
	switch {
	case top && (key == "time" || key == "level" || key == "msg" || key == "message"):
		return key, "fields." + key
	}
	return key, key
}

type twinValuer struct{ v slog.Value }

func (v twinValuer) LogValue() slog.Value { return v.v }

type twinMarshaler struct{ text string }

func (m twinMarshaler) MarshalJSON() ([]byte, error) {
	if m.text == "" {
		return nil, errors.New("no text")
	}
	return json.Marshal(m.text)
}

type twinText struct{ text string }

func (m twinText) MarshalText() ([]byte, error) { return []byte(m.text), nil }

type twinPanic struct{}

func (twinPanic) MarshalJSON() ([]byte, error) { panic("on purpose") }

type twinStruct struct {
	A string
	B *int           `json:"b,omitempty"`
	C map[string]any `json:"c"`
	d int
}

func (s *twins) attrs(top bool) (own, slogs []slog.Attr) {
	for range s.next(5) {
		t := s.attr(top)
		own, slogs = append(own, t.own), append(slogs, t.slogs)
	}
	return own, slogs
}

// attr returns the next attribute. top is true if it is written at the top level.
func (s *twins) attr(top bool) twin {
	kind := s.next(25)
	var v slog.Value
	switch kind {
	case 0, 1:
		v = slog.StringValue(s.text())
	case 2:
		v = slog.Int64Value([]int64{0, -1, 7, math.MinInt64, math.MaxInt64, 1 << 40}[s.next(6)])
	case 3:
		v = slog.Uint64Value([]uint64{0, 9, math.MaxUint64}[s.next(3)])
	case 4:
		v = slog.Float64Value([]float64{0, -1.5, 1e-7, 1e21, 1e20, 123456789, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(-1), 1e-10, 100}[s.next(12)])
	case 5:
		v = slog.BoolValue(s.next(2) == 0)
	case 6:
		v = slog.TimeValue([]time.Time{{}, time.Unix(1, 5), time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))}[s.next(3)])
	case 7:
		d := time.Duration(s.next(256)) * 123456789
		own, slogs := s.key(top)
		return twin{slog.Duration(own, d), slog.String(slogs, d.String())}
	case 8:
		v = slog.AnyValue(map[string]any{s.text(): s.next(9), "z": []any{nil, true, s.text()}})
	case 9:
		n := 3
		v = slog.AnyValue([]any{twinStruct{A: s.text(), B: &n}, &twinStruct{d: 1}, (*twinStruct)(nil)}[s.next(3)])
	case 10:
		v = slog.AnyValue([]string{s.text(), s.text()})
	case 11:
		v = slog.AnyValue(twinMarshaler{s.text()})
	case 12:
		v = slog.AnyValue(twinText{s.text()})
	case 13:
		v = slog.AnyValue(twinPanic{})
	case 14:
		v = slog.AnyValue(func() {})
	case 15:
		v = slog.AnyValue(nil)
	case 16:
		s.err = true
		v = slog.AnyValue(fmt.Errorf("failed: %s", s.text()))
	case 17:
		s.err = true
		own, slogs := s.key(top)
		text := s.text()
		return twin{slog.Any(own, []error{errors.New("x"), errors.New(text)}), slog.Any(slogs, []string{"x", text})}
	case 18:
		text := twinTexts[s.next(6)] // text is valid UTF-8
		own, slogs := s.key(top)
		return twin{slog.Any(own, []byte(text)), slog.String(slogs, text)}
	case 19:
		v = slog.AnyValue(&slog.Source{Function: s.text(), Line: s.next(3)})
	case 20:
		v = slog.AnyValue(slog.Level(s.next(12) - 6))
	default:
		return s.group(top, kind == 24)
	}
	own, slogs := s.key(top)
	if s.next(4) == 1 {
		return twin{slog.Any(own, twinValuer{v}), slog.Any(slogs, twinValuer{v})}
	}
	return twin{slog.Attr{Key: own, Value: v}, slog.Attr{Key: slogs, Value: v}}
}

func (s *twins) group(top, valuer bool) twin {
	own, slogs := s.key(top)
	if s.depth++; s.depth > 5 {
		s.in = nil
	}
	defer func() { s.depth-- }()
	ours, theirs := s.attrs(top && own == "")
	if valuer {
		return twin{slog.Any(own, twinValuer{slog.GroupValue(ours...)}), slog.Any(slogs, twinValuer{slog.GroupValue(theirs...)})}
	}
	return twin{slog.Attr{Key: own, Value: slog.GroupValue(ours...)}, slog.Attr{Key: slogs, Value: slog.GroupValue(theirs...)}}
}

// twinReplacers are functions for ReplaceAttr. They keep to attributes that both handlers have.
var twinReplacers = []func([]string, slog.Attr) slog.Attr{
	nil,
	func(_ []string, a slog.Attr) slog.Attr { return a },
	func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == "a" || len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	},
	func(_ []string, a slog.Attr) slog.Attr { // slog's handler passes wrong groups after an empty group
		if a.Key == "b" {
			return slog.Any("b2", twinValuer{slog.GroupValue(slog.Attr{Key: "in", Value: a.Value})})
		}
		return a
	},
	func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.LevelKey || a.Key == slog.SourceKey) {
			return slog.Attr{}
		}
		return a
	},
}

// FuzzLogHandlerDifference compares the fields and values of the lines with those of slog's JSON
// handler.
func FuzzLogHandlerDifference(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	for range 3000 {
		in := make([]byte, random.IntN(120))
		for i := range in {
			in[i] = byte(random.Uint32())
		}
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s := &twins{in: in}
		replace := twinReplacers[s.next(len(twinReplacers))]
		opts := &slog.HandlerOptions{Level: slog.Level(-100), AddSource: s.next(2) == 0, ReplaceAttr: replace}
		var ours, theirs bytes.Buffer
		own, slogs := newHandler(&ours, opts), slog.Handler(slog.NewJSONHandler(&theirs, opts))
		top := true
		for range s.next(4) {
			if s.next(2) == 0 {
				a, b := s.attrs(top)
				own, slogs = own.WithAttrs(a), slogs.WithAttrs(b)
				continue
			}
			ours, theirs := s.key(top)
			if ours == "" {
				own = own.WithGroup("") // slog's handler does not ignore this, but its documentation says so
				continue
			}
			own, slogs, top = own.WithGroup(ours), slogs.WithGroup(theirs), false
		}
		level := slog.Level(s.next(20) - 10)
		r := slog.NewRecord(time.Unix(1, 2), level, s.text(), 0)
		r2 := r.Clone()
		a, b := s.attrs(top)
		r.AddAttrs(a...)
		r2.AddAttrs(b...)
		if err := errors.Join(own.Handle(t.Context(), r), slogs.Handle(t.Context(), r2)); err != nil {
			t.Fatal(err)
		}
		got := parsed(t, ours.Bytes())
		// slog's handler forgets a comma after an empty group, and writes a group that has only
		// an empty group.
		if !json.Valid(theirs.Bytes()) || strings.Contains(theirs.String(), ":{}") {
			return
		}
		want := parsed(t, theirs.Bytes())
		adopt(want, level)
		if s.err != (got["error.type"] != nil) && replace == nil {
			t.Errorf("error.type is %v", got["error.type"])
		}
		delete(got, "error.type")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %s\nslog %s", &ours, &theirs)
		}
		if n := bytes.Count(ours.Bytes(), []byte{'\n'}); n != 1 {
			t.Errorf("got %d line feeds", n)
		}
	})
}

func parsed(t *testing.T, line []byte) (object map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return object
}

// adopt changes the fields of slog's handler to those of this package.
func adopt(line map[string]any, level slog.Level) {
	if message, has := line[slog.MessageKey]; has {
		line["message"] = message
		delete(line, slog.MessageKey)
	}
	if line[slog.LevelKey] == level.String() {
		line[slog.LevelKey] = map[bool]string{true: "ERROR", false: ""}[level >= 8]
		for _, l := range []slog.Level{4, 0, -4} {
			if line[slog.LevelKey] == "" && level >= l {
				line[slog.LevelKey] = l.String()
			}
		}
		if line[slog.LevelKey] == "" {
			line[slog.LevelKey] = "TRACE"
		}
	}
}
