package setup_test

import "strings"

const (
	w3cTrace     = "12345678901234567890123456789012"
	w3cParent    = "1234567890123456"
	w3cSampled   = "traceparent: 00-" + w3cTrace + "-" + w3cParent + "-01"
	w3cUnsampled = "traceparent: 00-" + w3cTrace + "-" + w3cParent + "-00"

	// keyGrammar is the reason why two cases of W3C do not pass.
	keyGrammar = "trace.TraceState of OpenTelemetry has the keys of level 1: at most one @, with at most 241 characters " +
		"before it and 14 after it. It refuses the whole list if one key has another form."
)

// w3cRequest is a request to a service, and what W3C expects of the requests that the service
// then sends.
type w3cRequest struct {
	header []string // the lines as they are sent
	trace  string   // the trace ID that is sent on, or "" for a new one
	flags  string   // the trace flags that are sent on; those of a new trace are always sampled
	state  string   // the tracestate that is sent on, as one line without white space
	// differs is true if the service sends no tracestate, although W3C expects state.
	differs bool
}

// sampled is a request whose trace goes on with the flags 01 and without a tracestate.
func sampled(header ...string) w3cRequest {
	return w3cRequest{header: header, trace: w3cTrace, flags: "01"}
}

// stated is a request with a valid traceparent and these tracestate lines. state is the
// tracestate that is sent on.
func stated(state string, lines ...string) w3cRequest {
	header := []string{w3cUnsampled}
	for _, line := range lines {
		header = append(header, "tracestate:"+line)
	}
	return w3cRequest{header: header, trace: w3cTrace, flags: "00", state: state}
}

// lost is a request with a valid tracestate that OpenTelemetry refuses.
func lost(lines ...string) w3cRequest {
	r := stated(strings.Join(lines, ","), lines...)
	r.differs = true
	return r
}

// restarted is a request that starts a new trace.
func restarted(header ...string) w3cRequest { return w3cRequest{header: header} }

// w3cCase is one test of https://github.com/w3c/trace-context, file test/test.py. The name is
// the name of its method without test_.
type w3cCase struct {
	name     string
	requests []w3cRequest
	calls    int    // the number of requests that the service sends; 0 means 1
	reason   string // why the case does not pass
}

// w3cCases contains all cases that the suite has at strict level 2 and specification level 2.
var w3cCases = []w3cCase{
	{name: "both_traceparent_and_tracestate_missing", requests: []w3cRequest{restarted()}},
	{name: "traceparent_included_tracestate_missing", requests: []w3cRequest{sampled(w3cSampled)}},
	{name: "traceparent_duplicated", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789011-1234567890123456-01", w3cSampled),
	}},
	{name: "traceparent_header_name", requests: []w3cRequest{
		restarted("trace-parent: 00-12345678901234567890123456789012-1234567890123456-01"),
		restarted("trace.parent: 00-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_header_name_valid_casing", requests: []w3cRequest{
		sampled("TraceParent: 00-12345678901234567890123456789012-1234567890123456-01"),
		sampled("TrAcEpArEnT: 00-12345678901234567890123456789012-1234567890123456-01"),
		sampled("TRACEPARENT: 00-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_version_0x00", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-01."),
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like"),
	}},
	{name: "traceparent_version_0xcc", requests: []w3cRequest{
		sampled("traceparent: cc-12345678901234567890123456789012-1234567890123456-01"),
		sampled("traceparent: cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like"),
		restarted("traceparent: cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like"),
	}},
	{name: "traceparent_version_0xff", requests: []w3cRequest{
		restarted("traceparent: ff-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_version_illegal_characters", requests: []w3cRequest{
		restarted("traceparent: .0-12345678901234567890123456789012-1234567890123456-01"),
		restarted("traceparent: 0.-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_version_too_long", requests: []w3cRequest{
		restarted("traceparent: 000-12345678901234567890123456789012-1234567890123456-01"),
		restarted("traceparent: 0000-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_version_too_short", requests: []w3cRequest{
		restarted("traceparent: 0-12345678901234567890123456789012-1234567890123456-01"),
	}},
	{name: "traceparent_trace_id_all_zero", requests: []w3cRequest{
		restarted("traceparent: 00-00000000000000000000000000000000-1234567890123456-01"),
	}},
	{name: "traceparent_trace_id_illegal_characters", requests: []w3cRequest{
		restarted("traceparent: 00-.2345678901234567890123456789012-1234567890123456-01"),
		restarted("traceparent: 00-1234567890123456789012345678901.-1234567890123456-01"),
	}},
	{name: "traceparent_trace_id_too_long", requests: []w3cRequest{
		restarted("traceparent: 00-123456789012345678901234567890123-1234567890123456-01"),
	}},
	{name: "traceparent_trace_id_too_short", requests: []w3cRequest{
		restarted("traceparent: 00-1234567890123456789012345678901-1234567890123456-01"),
	}},
	{name: "traceparent_parent_id_all_zero", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-0000000000000000-01"),
	}},
	{name: "traceparent_parent_id_illegal_characters", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-.234567890123456-01"),
		restarted("traceparent: 00-12345678901234567890123456789012-123456789012345.-01"),
	}},
	{name: "traceparent_parent_id_too_long", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-12345678901234567-01"),
	}},
	{name: "traceparent_parent_id_too_short", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-123456789012345-01"),
	}},
	{name: "traceparent_trace_flags_illegal_characters", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-.0"),
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-0."),
	}},
	{name: "traceparent_trace_flags_too_long", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-001"),
	}},
	{name: "traceparent_trace_flags_too_short", requests: []w3cRequest{
		restarted("traceparent: 00-12345678901234567890123456789012-1234567890123456-1"),
	}},
	{name: "traceparent_ows_handling", requests: []w3cRequest{
		sampled("traceparent:  00-12345678901234567890123456789012-1234567890123456-01"),
		sampled("traceparent:\t00-12345678901234567890123456789012-1234567890123456-01"),
		sampled("traceparent: 00-12345678901234567890123456789012-1234567890123456-01 "),
		sampled("traceparent: 00-12345678901234567890123456789012-1234567890123456-01\t"),
		sampled("traceparent:\t 00-12345678901234567890123456789012-1234567890123456-01 \t"),
	}},
	{name: "tracestate_included_traceparent_missing", requests: []w3cRequest{
		restarted("tracestate: foo=1"),
		restarted("tracestate: foo=1,bar=2"),
	}},
	{name: "tracestate_included_traceparent_included", requests: []w3cRequest{stated("foo=1,bar=2", "foo=1,bar=2")}},
	{name: "tracestate_header_name", requests: []w3cRequest{
		sampled(w3cSampled, "trace-state: foo=1"),
		sampled(w3cSampled, "trace.state: foo=1"),
	}},
	{name: "tracestate_header_name_valid_casing", requests: []w3cRequest{
		{header: []string{w3cUnsampled, "TraceState: foo=1"}, trace: w3cTrace, flags: "00", state: "foo=1"},
		{header: []string{w3cUnsampled, "TrAcEsTaTe: foo=1"}, trace: w3cTrace, flags: "00", state: "foo=1"},
		{header: []string{w3cUnsampled, "TRACESTATE: foo=1"}, trace: w3cTrace, flags: "00", state: "foo=1"},
	}},
	{name: "tracestate_empty_header", requests: []w3cRequest{
		stated("", ""),
		stated("foo=1", "foo=1", ""),
		stated("foo=1", "", "foo=1"),
	}},
	{name: "tracestate_multiple_headers_different_keys", requests: []w3cRequest{
		stated("foo=1,bar=2,rojo=1,congo=2,baz=3", "foo=1,bar=2", "rojo=1,congo=2", "baz=3"),
	}},
	// W3C accepts each of the duplicates. The first one is the newest.
	{name: "tracestate_duplicated_keys", requests: []w3cRequest{
		stated("foo=1", "foo=1,foo=1"),
		stated("foo=1", "foo=1,foo=2"),
		stated("foo=1", "foo=1", "foo=1"),
		stated("foo=1", "foo=1", "foo=2"),
	}},
	{name: "tracestate_all_allowed_characters", requests: []w3cRequest{
		stated(w3cKey+"="+w3cValue, w3cKey+"="+w3cValue),
		stated(w3cKey+"@a-z0-9_-*/="+w3cValue, w3cKey+"@a-z0-9_-*/="+w3cValue),
	}},
	{name: "tracestate_ows_handling", requests: []w3cRequest{
		stated("foo=1,bar=2,baz=3", "foo=1 \t , \t bar=2, \t baz=3"),
		stated("foo=1,bar=2,baz=3", "foo=1\t \t,\t \tbar=2,\t \tbaz=3"),
		stated("foo=1", " foo=1"),
		stated("foo=1", "\tfoo=1"),
		stated("foo=1", "foo=1 "),
		stated("foo=1", "foo=1\t"),
		stated("foo=1", "\t foo=1 \t"),
	}},
	{name: "tracestate_key_illegal_characters", requests: []w3cRequest{
		stated("", "foo =1"),
		stated("", "FOO=1"),
		stated("", "foo.bar=1"),
	}},
	{name: "tracestate_key_illegal_vendor_format", reason: keyGrammar, requests: []w3cRequest{
		lost("foo@=1,bar=2"),
		stated("", "@foo=1,bar=2"),
		lost("foo@@bar=1,bar=2"),
		lost("foo@bar@baz=1,bar=2"),
	}},
	{name: "tracestate_member_count_limit", requests: []w3cRequest{
		stated(strings.Join(w3cMembers[:], ",")+",bar31=31,bar32=32", append(w3cMembers[:], "bar31=31,bar32=32")...),
		stated("", append(w3cMembers[:], "bar31=31,bar32=32,bar33=33")...),
	}},
	{name: "tracestate_key_length_limit", reason: keyGrammar, requests: []w3cRequest{
		stated("foo=1,"+strings.Repeat("z", 256)+"=1", "foo=1", strings.Repeat("z", 256)+"=1"),
		stated("", "foo=1", strings.Repeat("z", 257)+"=1"),
		stated("foo=1,"+strings.Repeat("t", 241)+"@"+strings.Repeat("v", 14)+"=1", "foo=1", strings.Repeat("t", 241)+"@"+strings.Repeat("v", 14)+"=1"),
		lost("foo=1", strings.Repeat("t", 242)+"@v=1"),
		lost("foo=1", "t@"+strings.Repeat("v", 15)+"=1"),
	}},
	{name: "tracestate_value_illegal_characters", requests: []w3cRequest{
		stated("", "foo=bar=baz"),
		stated("", "foo=,bar=3"),
	}},
	{name: "multiple_requests_with_valid_traceparent", requests: []w3cRequest{sampled(w3cSampled)}, calls: 3},
	{name: "multiple_requests_without_traceparent", requests: []w3cRequest{restarted()}, calls: 3},
	{name: "multiple_requests_with_illegal_traceparent", calls: 3, requests: []w3cRequest{
		restarted("traceparent: 00-00000000000000000000000000000000-1234567890123456-01"),
	}},
	{name: "propagates_random_flag", requests: []w3cRequest{{
		header: []string{"traceparent: 00-12345678901234567890123456789012-1234567890123456-02"}, trace: w3cTrace, flags: "02",
	}}},
}

// w3cKey and w3cValue contain all characters that W3C allows.
const (
	w3cKey   = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
	w3cValue = " !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
)

// w3cMembers are three tracestate lines with 30 members.
var w3cMembers = [...]string{
	"bar01=01,bar02=02,bar03=03,bar04=04,bar05=05,bar06=06,bar07=07,bar08=08,bar09=09,bar10=10",
	"bar11=11,bar12=12,bar13=13,bar14=14,bar15=15,bar16=16,bar17=17,bar18=18,bar19=19,bar20=20",
	"bar21=21,bar22=22,bar23=23,bar24=24,bar25=25,bar26=26,bar27=27,bar28=28,bar29=29,bar30=30",
}
