package environ

import (
	"slices"
	"strings"
)

// maxMembers is the maximum number of members in a tracestate. OpenTelemetry's parser refuses
// a list with more members.
const maxMembers = 32

// joinMembers joins tracestate lines into one list. It removes white space and empty
// members, which the grammar allows but OpenTelemetry's parser refuses. It also removes a
// member if an earlier member has the same key. Otherwise, the parser would refuse the whole
// list. A vendor puts its newest value at the start of the list. Therefore, the first of the
// members with the same key is the newest.
func joinMembers(lines ...string) string {
	if len(lines) == 1 {
		if line := strings.Trim(lines[0], ","); isPlain(line) {
			return line
		}
	}
	var members []string
	for _, line := range lines {
		members = append(members, list(line)...)
	}
	if len(members) <= maxMembers {
		var keys memberKeys
		members = slices.DeleteFunc(members, func(member string) bool { return !keys.add(member) })
	}
	return strings.Join(members, ",")
}

// isPlain reports whether joinMembers would not change line. The parser refuses a list with
// more than maxMembers members, so isPlain does not check the members after the maximum.
func isPlain(line string) bool {
	if strings.ContainsAny(line, " \t") || strings.Contains(line, ",,") {
		return false
	}
	var keys memberKeys
	for member := range strings.SplitSeq(line, ",") {
		if keys.n == maxMembers {
			break
		}
		if !keys.add(member) {
			return false
		}
	}
	return true
}

// memberKeys contains the keys of at most maxMembers members. It needs no allocation.
type memberKeys struct {
	keys [maxMembers]string
	n    int
}

// add adds the key of member. If an earlier member has the same key, add returns false.
func (k *memberKeys) add(member string) bool {
	key, _, _ := strings.Cut(member, "=")
	if slices.Contains(k.keys[:k.n], key) {
		return false
	}
	k.keys[k.n] = key
	k.n++
	return true
}
