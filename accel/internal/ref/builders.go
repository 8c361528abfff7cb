// SPDX-License-Identifier: Apache-2.0

package ref

// builders holds the kernel of every operator.
var builders map[string]builder

// aliases lists the operators whose output is the memory of their first input.
var aliases = map[string]bool{
	"Dropout": true, "Flatten": true, "Identity": true, "Reshape": true, "Squeeze": true, "Unsqueeze": true,
}

func init() {
	builders = map[string]builder{
		"Gemm": buildGemm, "MatMul": buildMatMul, "Conv": buildConv,
		"BatchNormalization": buildBatchNorm, "LayerNormalization": buildLayerNorm,
		"Softmax": buildSoftmax, "LogSoftmax": buildSoftmax, "Clip": buildClip, "Pow": buildPow,
		"MaxPool": buildPool, "AveragePool": buildPool, "GlobalAveragePool": buildGlobalPool,
		"Cast": buildCast, "Concat": buildConcat, "Expand": buildExpand, "Gather": buildGather,
		"Pad": buildPad, "Slice": buildSlice, "Split": buildSplit, "Transpose": buildTranspose,
		"Constant": buildConstant, "Shape": buildConstant,
	}
	for name := range aliases {
		builders[name] = buildCopy
	}
	for name, make := range unaries {
		builders[name] = buildUnary(make)
	}
	for name, op := range binaries {
		builders[name] = buildBinary(op)
	}
	for name, op := range reductions {
		builders[name] = buildReduce(op)
	}
}
