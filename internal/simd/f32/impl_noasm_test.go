// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package f32

import "github.com/neuroran/neuroran/internal/simd/simdtest"

// implementations is empty: this build has the portable implementation alone.
var implementations simdtest.Implementations
