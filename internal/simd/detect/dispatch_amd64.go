// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package detect

import "golang.org/x/sys/cpu"

//go:generate env GOWORK=off go -C _asm run . -out ../detect_amd64.s -stubs ../detect_amd64.go -pkg detect

// useAVX2 says that the CPU has AVX2 and FMA. Only tests change it.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func split(dst []float32, src []complex64, scale float32) {
	if n := len(src) / Lanes; useAVX2 && n > 0 {
		splitAVX2(&dst[0], &src[0], scale, n)
		dst, src = dst[2*Lanes*n:], src[Lanes*n:]
	}
	splitGeneric(dst, src, scale)
}

func comb(dst []float32, w []complex64, src []float32, off []int) {
	if !useAVX2 || len(dst) == 0 || len(w) == 0 {
		combGeneric(dst, w, src, off)
		return
	}
	combAVX2(&dst[0], &w[0], &src[0], &off[0], len(w), len(dst)/(2*Lanes))
}

func dot(dst, a, b []float32, n, stepA, stepB int) {
	if !useAVX2 || len(dst) == 0 {
		dotGeneric(dst, a, b, n, stepA, stepB)
		return
	}
	dotAVX2(&dst[0], &a[0], &b[0], n, 4*stepA, 4*stepB, len(dst)/(2*Lanes))
}

func dotReal(dst, a, b []float32, n, stepA, stepB int) {
	if !useAVX2 || len(dst) == 0 {
		dotRealGeneric(dst, a, b, n, stepA, stepB)
		return
	}
	dotRealAVX2(&dst[0], &a[0], &b[0], n, 4*stepA, 4*stepB, len(dst)/Lanes)
}

func sumInverse(v []float32) float64 {
	sum := 0.0
	for useAVX2 && len(v) >= Lanes {
		n := min(len(v)&^(Lanes-1), Chunk)
		sum += float64(sumInverseAVX2(&v[0], n))
		v = v[n:]
	}
	return sum + sumInverseGeneric(v)
}

func solve(w *Work, layers, blocks int, load, q float32) {
	first := &w.Num[0][0]
	switch {
	case !useAVX2 || blocks == 0:
		solveGeneric(w, layers, blocks, load, q)
	case layers == 1:
		solve1AVX2(first, blocks, load, q)
	case layers == 2:
		solve2AVX2(first, blocks, load, q)
	case layers == 3:
		solve3AVX2(first, blocks, load, q)
	default:
		solve4AVX2(first, blocks, load, q)
	}
}

func spread(w *Work, z []complex64, v []float32, first, layers int) {
	if layers == 1 {
		copy(z, w.Z[first][:])
		copy(v, w.Noise[first][:])
		return
	}
	done := 0
	if blocks := len(z) / layers / Lanes; useAVX2 && blocks > 0 && layers&1 == 0 {
		kernel := spread2AVX2
		if layers == 4 {
			kernel = spread4AVX2
		}
		kernel(&z[0], &v[0], &w.Z[first][0], &w.Noise[first][0], blocks)
		done = blocks * Lanes
	}
	spreadGeneric(w, z[done*layers:], v[done*layers:], first, layers, done)
}
