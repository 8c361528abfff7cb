// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f32

// level is which kernel of a pair runs.
func level() int {
	if useAVX512 {
		return 1
	}
	return 0
}

// vectorKernels holds the kernels of two vectors for AVX2 and AVX-512.
var vectorKernels = [...][2]func(dst, x, y *float32, n uintptr){
	opAdd: {addAVX2, addAVX512},
	opSub: {subAVX2, subAVX512},
	opMul: {mulAVX2, mulAVX512},
	opDiv: {divAVX2, divAVX512},
	opMax: {maxAVX2, maxAVX512},
	opMin: {minAVX2, minAVX512},
}

// numberKernels holds those of a vector and a number.
var numberKernels = [...][2]func(dst, x *float32, y float32, n uintptr){
	opAdd:     {addNumberAVX2, addNumberAVX512},
	opSub:     {subNumberAVX2, subNumberAVX512},
	opSubFrom: {subFromNumberAVX2, subFromNumberAVX512},
	opMul:     {mulNumberAVX2, mulNumberAVX512},
	opDiv:     {divNumberAVX2, divNumberAVX512},
	opDivOf:   {divOfNumberAVX2, divOfNumberAVX512},
	opMax:     {maxNumberAVX2, maxNumberAVX512},
	opMin:     {minNumberAVX2, minNumberAVX512},
}

// functionKernels holds those of a function of one number.
var functionKernels = [...][2]func(dst, x *float32, n uintptr, a, b float32){
	fnAbs:         {absAVX2, absAVX512},
	fnSqrt:        {sqrtAVX2, sqrtAVX512},
	fnFloor:       {floorAVX2, floorAVX512},
	fnCeil:        {ceilAVX2, ceilAVX512},
	fnRound:       {roundAVX2, roundAVX512},
	fnClamp:       {clampAVX2, clampAVX512},
	fnHardSigmoid: {hardSigmoidAVX2, hardSigmoidAVX512},
	fnLeakyRelu:   {leakyReluAVX2, leakyReluAVX512},
	fnExp:         {expAVX2, expAVX512},
	fnSigmoid:     {sigmoidAVX2, sigmoidAVX512},
	fnTanh:        {tanhAVX2, tanhAVX512},
	fnElu:         {eluAVX2, eluAVX512},
	fnErf:         {erfAVX2, erfAVX512},
	fnSoftplus:    {softplusAVX2, softplusAVX512},
	fnLog:         {logAVX2, logAVX512},
	fnSin:         {sinAVX2, sinAVX512},
	fnCos:         {cosAVX2, cosAVX512},
	fnSign:        {signAVX2, signAVX512},
}

// vectorKernel reports whether it has done the work.
func (op operator) vectorKernel(dst, x, y []float32) bool {
	if !useAVX2 || len(dst) == 0 {
		return false
	}
	vectorKernels[op][level()](&dst[0], &x[0], &y[0], uintptr(len(dst)))
	return true
}

// numberKernel reports whether it has done the work.
func (op operator) numberKernel(dst, x []float32, y float32) bool {
	if !useAVX2 || len(dst) == 0 {
		return false
	}
	numberKernels[op][level()](&dst[0], &x[0], y, uintptr(len(dst)))
	return true
}

// kernel reports whether it has done the work.
func (fn function) kernel(dst, x []float32, a, b float32) bool {
	if !useAVX2 || len(dst) == 0 {
		return false
	}
	functionKernels[fn][level()](&dst[0], &x[0], uintptr(len(dst)), a, b)
	return true
}

func sum(x []float32) float64 {
	switch {
	case len(x) == 0 || !useAVX2:
		return sumGeneric(x)
	case useAVX512:
		return sumAVX512(&x[0], uintptr(len(x)))
	}
	return sumAVX2(&x[0], uintptr(len(x)))
}

func sumSquares(x []float32, mean float32) float64 {
	switch {
	case len(x) == 0 || !useAVX2:
		return sumSquaresGeneric(x, mean)
	case useAVX512:
		return sumSquaresAVX512(&x[0], uintptr(len(x)), mean)
	}
	return sumSquaresAVX2(&x[0], uintptr(len(x)), mean)
}

func expSum(dst, x []float32, shift float32) float64 {
	switch {
	case len(x) == 0 || !useAVX2:
		return expSumGeneric(dst, x, shift)
	case useAVX512:
		return expSumAVX512(&dst[0], &x[0], uintptr(len(x)), shift)
	}
	return expSumAVX2(&dst[0], &x[0], uintptr(len(x)), shift)
}

func greatest(x []float32) float32 {
	switch {
	case len(x) == 0 || !useAVX2:
		return greatestGeneric(x)
	case useAVX512:
		return mostAVX512(&x[0], uintptr(len(x)), x[0])
	}
	return mostAVX2(&x[0], uintptr(len(x)), x[0])
}

func least(x []float32) float32 {
	switch {
	case len(x) == 0 || !useAVX2:
		return leastGeneric(x)
	case useAVX512:
		return leastAVX512(&x[0], uintptr(len(x)), x[0])
	}
	return leastAVX2(&x[0], uintptr(len(x)), x[0])
}
