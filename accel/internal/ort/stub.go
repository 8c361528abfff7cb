// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package ort

import (
	"context"

	"github.com/neuroran/neuroran/accel/backend"
)

// open returns [ErrNoCgo].
func (t target) open(context.Context, backend.Model, backend.Config) (backend.Session, error) {
	return nil, ErrNoCgo
}

func (t target) info(backend.Config) backend.Info {
	return backend.Info{Device: t.device, Reason: ErrNoCgo}
}

func cards() int { return 0 }
