// SPDX-License-Identifier: Apache-2.0

package sigmf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/neuroran/neuroran/phy/nr"
)

// maxProblems is how many problems of one file are told.
const maxProblems = 30

// problems collects what is wrong with the metadata, so that all is told at once.
// What several annotations have in common is told once.
type problems struct {
	format []namespace // for hints
	found  []*problem
	index  map[string]*problem
}

// problem is an error and the places where it is.
type problem struct {
	err    error // a *FieldError, whose Where is filled in at the end, or another
	where  string
	places []int // numbers of annotations or lines
	more   int   // further ones
}

func newProblems() *problems {
	return &problems{format: namespaces(), index: map[string]*problem{}}
}

// scope is a place in the metadata at which problems are found.
type scope struct {
	p     *problems
	where string // such as "global", or "annotation" with a number
	at    int    // number of the annotation, capture or line, or −1

	// unknown notes a name that the format does not have, with a hint, where that is
	// no mistake; it is nil where it is one.
	unknown func(field, got, hint string)
}

func (p *problems) in(where string) scope           { return scope{p: p, where: where, at: -1} }
func (p *problems) inOne(where string, i int) scope { return scope{p: p, where: where, at: i} }

// refuse notes a field whose value is not allowed. It returns false.
func (s scope) refuse(name string, got any, want string) bool {
	return s.add(&FieldError{Field: name, Got: got, Want: want})
}

// add notes an error. It returns false.
func (s scope) add(err error) bool {
	const listed = 3
	key := s.where + "\x00" + err.Error()
	if f, ok := err.(*FieldError); ok { // whatever the value
		key = s.where + "\x00" + f.Field + "\x00" + f.Want
	}
	if p := s.p.index[key]; p != nil {
		switch {
		case s.at < 0: // there already
		case len(p.places) < listed:
			p.places = append(p.places, s.at)
		default:
			p.more++
		}
		return false
	}
	p := &problem{err: err, where: s.where}
	if s.at >= 0 {
		p.places = []int{s.at}
	}
	s.p.index[key] = p
	s.p.found = append(s.p.found, p)
	return false
}

// refuseNR notes what [nr.Carrier.Validate] or another of nr has found wrong;
// prefix is put before the names of its fields.
func (s scope) refuseNR(prefix string, err error) bool {
	var f *nr.FieldError
	if errors.As(err, &f) {
		return s.add(&FieldError{Field: prefix + f.Field, Got: f.Got, Want: f.Want, cause: err})
	}
	return s.add(fmt.Errorf("%s: %w", strings.TrimSuffix(prefix, "."), err))
}

// place returns where the problem is, in words.
func (p *problem) place() string {
	out := p.where
	if len(p.places) > 1 {
		out += "s"
	}
	for i, n := range p.places {
		out += map[bool]string{true: " ", false: ", "}[i == 0] + strconv.Itoa(n)
	}
	if p.more > 0 {
		out += fmt.Sprintf(" and %d more", p.more)
	}
	return out
}

// err returns all problems: nil, the only one, or one that [errors.Join] made.
func (p *problems) err() error {
	var all []error
	for i, x := range p.found {
		if i == maxProblems {
			all = append(all, fmt.Errorf("sigmf: and %d more of the kind", len(p.found)-i))
			break
		}
		all = append(all, place(x.place(), x.err))
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// place adds to an error where in the metadata it was found.
func place(where string, err error) error {
	var f *FieldError
	if errors.As(err, &f) {
		f.Where = where
		return err
	}
	return fmt.Errorf("sigmf: %s: %w", where, err)
}
