// SPDX-License-Identifier: Apache-2.0

package ref

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/accel/backend"
)

// Provider is the reference as a [backend.Provider] of the one device "ref".
type Provider struct{}

var _ backend.Provider = Provider{}

// Name implements [backend.Provider].
func (Provider) Name() string { return "ref" }

// Check implements [backend.Provider].
func (Provider) Check(device string) error {
	if device != "ref" {
		return fmt.Errorf("%w %q; known: ref", backend.ErrUnknownDevice, device)
	}
	return nil
}

// Probe implements [backend.Provider]: the reference is always there.
func (Provider) Probe(backend.Config) []backend.Info {
	return []backend.Info{{Device: "ref", Available: true, Version: "go"}}
}

// Open implements [backend.Provider]. One Run uses one thread whatever the
// configuration says, and computes in float32.
func (Provider) Open(ctx context.Context, device string, m backend.Model, c backend.Config) (backend.Session, error) {
	if c.Precision != backend.Float32 {
		return nil, &backend.OptionError{Device: device, Option: "Precision", Got: c.Precision, Want: "f32"}
	}
	s, err := Open(ctx, m.Graph)
	if err != nil {
		return nil, err
	}
	return s, nil
}
