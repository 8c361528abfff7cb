// SPDX-License-Identifier: Apache-2.0

package resourcetest

import (
	"io/fs"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Driver runs the conformance suite of drivers: on every recorded host, on this one, and
// on hosts where a file is missing or says nonsense.
func Driver(t *testing.T, d resource.Driver) {
	if d.Name() == "" {
		t.Error("a driver without a name")
	}
	for name, h := range Hosts(t) {
		t.Run(name, func(t *testing.T) { onHost(t, d, h) })
	}
	t.Run("damaged", func(t *testing.T) { damaged(t, d) })
}

// onHost checks that a driver finds what can be, the same each time, beside whatever
// other drivers have found.
func onHost(t *testing.T, d resource.Driver, h resource.Host) {
	t.Helper()
	h.FreeDisk = func() (int64, error) { return 1 << 30, nil } // which changes on a real one
	var first, second resource.Inventory
	d.Discover(h, &first)
	d.Discover(h, &second)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("found first %+v, then %+v", first, second)
	}
	if err := first.Validate(); err != nil {
		t.Errorf("no inventory: %v", err)
	}
	d.Discover(h, &second)
	if !reflect.DeepEqual(first.Total(), second.Total()) || len(first.Lacks) != len(second.Lacks) {
		t.Errorf("asked again it adds: %v to %v, lacks %v and %v", first.Total(), second.Total(), first.Lacks, second.Lacks)
	}
	before, after := resource.Read(h), resource.Read(h, d)
	for _, l := range after.Lacks {
		if l.What == "" || l.Why == "" {
			t.Errorf("a lack without what or why: %+v", l)
		}
	}
	if err := after.Validate(); err != nil {
		t.Errorf("beside other drivers: %v", err)
	}
	if len(after.CPUs) != len(before.CPUs) || after.Memory != before.Memory {
		t.Errorf("it changes what others found: %v, before %v", after.Total(), before.Total())
	}
}

// nonsense is what the files of a broken host say.
var nonsense = []string{
	"", "-1", "max", "0-", "99999999999999999999999", "0-4294967295", "\x00\xff", "9223372036854775807 0",
	"a:b:c", "0::/../../..", "MemTotal: -5 kB", "MemTotal: 9999999999999999999 kB", "100000 0", "cpu 1 2",
}

// damaged checks that a driver survives files of which each in turn is missing or says
// nonsense, and then finds what can be.
func damaged(t *testing.T, d resource.Driver) {
	for name, h := range Hosts(t) {
		tree, ok := h.FS.(fstest.MapFS)
		if !ok {
			continue
		}
		for path, file := range tree {
			good := file.Data
			for _, text := range nonsense {
				file.Data = []byte(text)
				check(t, d, h, name+": "+path+" says "+text)
			}
			file.Data = good
			delete(tree, path)
			check(t, d, h, name+" without "+path)
			tree[path] = file
		}
	}
	check(t, d, resource.Host{FS: fstest.MapFS{}}, "nothing")
	check(t, d, resource.Host{FS: refusing{}}, "nothing may be read")
}

// check lets a driver run alone and validates what it finds.
func check(t *testing.T, d resource.Driver, h resource.Host, what string) {
	t.Helper()
	var v resource.Inventory
	d.Discover(h, &v)
	if err := v.Validate(); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// refusing is a file system of which nothing may be read.
type refusing struct{}

// Open implements [fs.FS].
func (refusing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// Sensor runs the conformance suite of sensors: the sum begins near 0, never falls, and
// says where it comes from. Between reads it calls step, which lets what is read draw
// something, and returns the time.
func Sensor(t *testing.T, s resource.Sensor, now sfaas.Time, step func() sfaas.Time) {
	t.Helper()
	if s.Name() == "" {
		t.Error("a sensor without a name")
	}
	last, err := s.Energy(now)
	if err != nil {
		t.Errorf("at once: %v", err)
	}
	for range 5 {
		now = step()
		e, err := s.Energy(now)
		if e.Joules < last.Joules {
			t.Errorf("fell from %v to %v (%v)", last, e, err)
		}
		if e.Joules > 0 && e.Basis == resource.NoBasis {
			t.Errorf("%v without a basis", e)
		}
		last = e
	}
	if last.Joules <= 0 {
		t.Errorf("drew nothing: %v", last)
	}
}
