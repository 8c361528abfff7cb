// SPDX-License-Identifier: Apache-2.0

package world

import "github.com/neuroran/neuroran/sfaas/internal/core"

// Plants lists the bugs that [Config].Plant may name.
func Plants() []core.Planted { return core.Plants() }
