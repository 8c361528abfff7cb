// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// kind is the JSON type of a field.
type kind uint8

const (
	integer  kind = iota // a number without fraction
	number               // any finite number
	boolean              // true or false
	text                 // a string
	integers             // a list of integers
	members              // an object with fields of its own
	foreign              // a value of SigMF's own that is read by hand
)

// spec says what values a field takes. Reader, writer, JSON schema and document
// (docs/sigmf-nr.md) go by the same specs, so that they cannot disagree.
type spec struct {
	key    string
	kind   kind
	lo, hi float64  // range of a number, or of each integer of a list; none where both are 0
	orZero bool     // 0 is allowed too, below the range
	only   []int    // the only integers allowed; nil for all of the range
	words  []string // the only texts allowed; nil for any
	count  [2]int   // fewest and most integers of a list

	may    bool   // the field may be missing
	unset  string // what a missing field stands for, as JSON or in words
	about  string // meaning, for the document
	clause string // where it is defined
	sample string // an example, as JSON
	also   string // names that others give it, for a hint; separated by spaces

	fields []*spec // of an object
}

// value is a parsed value; which part holds it is a matter of the kind.
type value struct {
	n    int64
	x    float64
	b    bool
	s    string
	list []int
}

// wanted says what a value should have been; the reader adds the rest.
type wanted string

func (w wanted) Error() string { return "want " + string(w) }

// parse parses raw as exactly the type of the field, which null never is, and
// checks the range. The error is a wanted.
func (s *spec) parse(raw json.RawMessage) (value, error) {
	var v value
	ok := string(raw) != "null"
	switch s.kind {
	case integer:
		ok = ok && json.Unmarshal(raw, &v.n) == nil && s.takes(v.n)
	case number:
		ok = ok && json.Unmarshal(raw, &v.x) == nil && (s.inRange(v.x) || s.orZero && v.x == 0)
	case boolean:
		ok = ok && json.Unmarshal(raw, &v.b) == nil
	case text:
		ok = ok && json.Unmarshal(raw, &v.s) == nil && (s.words == nil || slices.Contains(s.words, v.s))
	case integers:
		var list []*int64
		ok = ok && json.Unmarshal(raw, &list) == nil && len(list) >= s.count[0] && len(list) <= s.count[1]
		for _, n := range list {
			ok = ok && n != nil && s.takes(*n)
			if ok {
				v.list = append(v.list, int(*n))
			}
		}
	}
	if !ok {
		return value{}, wanted(s.want())
	}
	return v, nil
}

// takes reports whether an integer is allowed.
func (s *spec) takes(n int64) bool {
	if s.only != nil {
		return slices.Contains(s.only, int(n))
	}
	return s.inRange(float64(n))
}

func (s *spec) inRange(x float64) bool {
	return s.lo == 0 && s.hi == 0 && !math.IsInf(x, 0) || x >= s.lo && x <= s.hi
}

// want says in words what the field takes, with the clause.
func (s *spec) want() string {
	out := s.values()
	if s.clause != "" {
		out += " (" + s.clause + ")"
	}
	return out
}

// values says in words what the field takes.
func (s *spec) values() string {
	span := ""
	if s.lo != 0 || s.hi != 0 {
		span = " of " + plain(s.lo) + "…" + plain(s.hi)
	}
	switch {
	case s.words != nil:
		return oneOf(s.words)
	case s.only != nil:
		words := make([]string, len(s.only))
		for i, n := range s.only {
			words[i] = strconv.Itoa(n)
		}
		return oneOf(words)
	}
	switch s.kind {
	case integer:
		return "an integer" + span
	case number:
		if s.orZero {
			return "0 or a number" + span
		}
		return "a number" + span
	case boolean:
		return "true or false"
	case text:
		return "a text"
	case integers:
		if s.count[0] == s.count[1] {
			return fmt.Sprintf("a list of %d integers%s", s.count[0], span)
		}
		return fmt.Sprintf("a list of %d…%d integers%s", s.count[0], s.count[1], span)
	case members:
		return "an object"
	}
	return "a list of extensions"
}

// plain formats a number as people write it.
func plain(x float64) string {
	switch {
	case x == maxSample:
		return "2^52"
	case x < 1e7:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strings.Replace(strconv.FormatFloat(x, 'g', -1, 64), "e+", "e", 1)
}

// oneOf lists words: a, b or c.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
