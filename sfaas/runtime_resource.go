// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"fmt"
)

// eachResource calls f once for every declared resource of one kind.
func (r *Runtime) eachResource(shared bool, f func(d *resourceDecl) error) error {
	seen := map[*resourceDecl]bool{}
	var errs []error
	for _, n := range r.app.nodes {
		for _, d := range n.fn.resources {
			if d.shared != shared || seen[d] {
				continue
			}
			seen[d] = true
			if err := f(d); err != nil {
				errs = append(errs, fmt.Errorf("sfaas: %s: resource %s: %w", n.fn.name, d.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (r *Runtime) openShared() error {
	return r.eachResource(true, func(d *resourceDecl) error {
		x, err := d.open()
		if err == nil {
			r.shared[d] = x
		}
		return err
	})
}

// openScratch opens the resources of one lane; it includes the shared ones.
func (r *Runtime) openScratch() (map[*resourceDecl]any, error) {
	m := map[*resourceDecl]any{}
	for d, x := range r.shared {
		m[d] = x
	}
	err := r.eachResource(false, func(d *resourceDecl) error {
		x, err := d.open()
		if err == nil {
			m[d] = x
		}
		return err
	})
	return m, err
}

func (r *Runtime) closeShared() error {
	return r.eachResource(true, func(d *resourceDecl) error {
		if x, ok := r.shared[d]; ok {
			return d.close(x)
		}
		return nil
	})
}

// closeResources closes what the runtime has opened, per worker first. The
// scratch of a lost handler stays open: it may still be in use.
func (r *Runtime) closeResources() error {
	var errs []error
	for _, w := range r.workers {
		errs = append(errs, r.eachResource(false, func(d *resourceDecl) error {
			if x, ok := w.core.lane.resources[d]; ok && !w.core.lane.revoked() {
				return d.close(x)
			}
			return nil
		}))
	}
	errs = append(errs, r.closeShared())
	return errors.Join(errs...)
}
