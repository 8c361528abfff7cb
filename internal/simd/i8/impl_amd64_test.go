// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package i8

import "github.com/neuroran/neuroran/internal/simd/simdtest"

// implementations are those of this package, see [simdtest.Implementations.Each].
var implementations = simdtest.Implementations{{Name: "avx2", Use: &useAVX2}, {Name: "vnni", Use: &useVNNI}}
