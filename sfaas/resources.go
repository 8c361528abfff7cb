// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"fmt"
)

// resources opens and closes what the functions of an app declare.
type resources struct {
	app    *App
	shared map[*resourceDecl]any
}

func newResources(app *App) *resources {
	return &resources{app: app, shared: map[*resourceDecl]any{}}
}

// each calls f once for every declared resource of one kind.
func (r *resources) each(shared bool, f func(d *resourceDecl) error) error {
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

func (r *resources) openShared() error {
	return r.each(true, func(d *resourceDecl) error {
		x, err := d.open()
		if err == nil {
			r.shared[d] = x
		}
		return err
	})
}

// openScratch opens the resources of one lane; it includes the shared ones.
func (r *resources) openScratch() (map[*resourceDecl]any, error) {
	m := map[*resourceDecl]any{}
	for d, x := range r.shared {
		m[d] = x
	}
	err := r.each(false, func(d *resourceDecl) error {
		x, err := d.open()
		if err == nil {
			m[d] = x
		}
		return err
	})
	return m, err
}

// provide opens the scratch of a core, now and for lanes to come.
func (r *resources) provide(k *Core) error {
	k.scratch = func() map[*resourceDecl]any {
		m, err := r.openScratch()
		if err != nil {
			k.set.logger.Error("sfaas: resource", "err", err)
		}
		return m
	}
	var err error
	k.lane.resources, err = r.openScratch()
	return err
}

func (r *resources) closeShared() error {
	return r.each(true, func(d *resourceDecl) error {
		if x, ok := r.shared[d]; ok {
			return d.close(x)
		}
		return nil
	})
}

// closeAll closes what was opened, per core first. The scratch of a lost
// handler stays open: it may still be in use.
func (r *resources) closeAll(cores []*Core) error {
	var errs []error
	for _, k := range cores {
		if k.lane.revoked() {
			continue
		}
		errs = append(errs, r.each(false, func(d *resourceDecl) error {
			if x, ok := k.lane.resources[d]; ok {
				return d.close(x)
			}
			return nil
		}))
	}
	errs = append(errs, r.closeShared())
	return errors.Join(errs...)
}
