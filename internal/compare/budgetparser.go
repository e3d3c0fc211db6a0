package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseBudget parses a budget. It is a JSON object with one field per operation. The name of the
// field is the name of the operation. The value is an object with one or more of these limits:
//
//   - "median" and "p95": the longest duration, a text such as "50ms"
//   - "queries": the largest number of database queries of one request
//   - "errors": the largest number of spans with the status Error
//
// An error contains the number of the line, and the names of the fields around the error.
func ParseBudget(data []byte) (*Budget, error) {
	p := &budgetParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	b := &Budget{}
	err := p.object(`an operation, for example "GET /quotes": {"p95": "50ms"}`, func(operation string) error {
		return p.object("a limit: "+limitNames, func(name string) error {
			token, err := p.token()
			if err != nil {
				return err
			}
			_, text := token.(string)
			l, err := newLimit(operation, name, fmt.Sprint(token), text)
			b.limits = append(b.limits, l)
			return p.wrap(err)
		})
	})
	if err != nil {
		return nil, err
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, p.wrap(errors.New("text after the end of the object (want one object)"))
	}
	return b, nil
}

type budgetParser struct {
	data    []byte
	decoder *json.Decoder
	path    []string // the names of the fields around the current place
}

// The method object parses an object. It calls field for the name of each field, and field parses
// the value. The argument want describes a field.
func (p *budgetParser) object(want string, field func(name string) error) error {
	if token, err := p.token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return p.wrap(fmt.Errorf("not an object (want { and %s)", want))
	}
	seen := map[string]bool{}
	for p.decoder.More() {
		token, err := p.token()
		if err != nil {
			return err
		}
		name := fmt.Sprint(token) // a string, because the decoder accepts no other name
		p.path = append(p.path, fmt.Sprintf("%q", name))
		if seen[name] {
			return p.wrap(errors.New("occurs twice (remove one of them)"))
		}
		seen[name] = true
		if err := field(name); err != nil {
			return err
		}
		p.path = p.path[:len(p.path)-1]
	}
	if _, err := p.token(); err != nil {
		return err
	}
	if len(seen) == 0 {
		return p.wrap(fmt.Errorf("empty (want %s)", want))
	}
	return nil
}

func (p *budgetParser) token() (json.Token, error) {
	token, err := p.decoder.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	if err != nil {
		err = fmt.Errorf("%w (want JSON such as {\"GET /quotes\": {\"p95\": \"50ms\"}})", err)
	}
	return token, p.wrap(err)
}

// The method wrap adds the current line and p.path to err. It returns nil if err is nil.
func (p *budgetParser) wrap(err error) error {
	if err == nil {
		return nil
	}
	line := 1 + bytes.Count(p.data[:p.decoder.InputOffset()], []byte("\n"))
	place := strings.Join(append([]string{fmt.Sprintf("line %d", line)}, p.path...), ": ")
	return fmt.Errorf("%s: %w", place, err)
}
