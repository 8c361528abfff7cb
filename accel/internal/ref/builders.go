// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/accel/onnx"

// builders holds the kernel of every operator.
var builders map[string]builder

// aliases lists the operators whose output is the memory of their first input.
var aliases = map[string]bool{
	"BitCast": true, "Dropout": true, "Flatten": true, "Identity": true, "Reshape": true, "Squeeze": true, "Unsqueeze": true,
}

func init() {
	builders = map[string]builder{
		// layers
		"Attention": buildAttention, "BatchNormalization": buildBatchNorm, "Conv": buildConv, "ConvTranspose": buildConvTranspose,
		"Det": buildDet, "Einsum": buildEinsum, "GRU": buildRecurrent, "Gemm": products.by(0),
		"GroupNormalization": buildGroupNorm, "Hardmax": buildHardmax, "InstanceNormalization": buildGroupNorm, "LRN": buildLRN,
		"LSTM": buildRecurrent, "LayerNormalization": buildLayerNormAny, "LogSoftmax": buildSoftmax, "LpNormalization": buildLpNorm,
		"MatMul": products.by(0), "MeanVarianceNormalization": buildMeanVariance,
		"NegativeLogLikelihoodLoss": buildLoss, "RMSNormalization": buildRMSNorm, "RNN": buildRecurrent, "RotaryEmbedding": buildRotary,
		"Softmax": buildSoftmax, "SoftmaxCrossEntropyLoss": buildLoss,
		// pooling
		"AveragePool": buildPoolAny, "GlobalAveragePool": buildGlobalPool, "GlobalLpPool": buildGlobal, "GlobalMaxPool": buildGlobal,
		"LpPool": buildPoolAny, "MaxPool": buildPoolAny, "MaxUnpool": buildUnpool,
		// elements
		"Cast": buildCast, "CastLike": buildCast, "Clip": clips.by(0), "IsInf": buildTest, "IsNaN": buildTest, "Not": buildNot, "Pow": power.by(0),
		"Where": sized(1, where[uint8], where[uint16], where[uint32], where[uint64]),
		// folding
		"ArgMax": args.by(0), "ArgMin": args.by(0), "CumProd": cumulatives.by(0), "CumSum": cumulatives.by(0),
		// layout
		"CenterCropPad": sized(0, centerCropPad[uint8], centerCropPad[uint16], centerCropPad[uint32], centerCropPad[uint64]),
		"Concat":        buildConcat,
		"DepthToSpace":  sized(0, depthToSpace[uint8], depthToSpace[uint16], depthToSpace[uint32], depthToSpace[uint64]),
		"Expand":        buildExpand,
		"Pad":           buildPadAny, "Shape": buildConstant, "Size": buildConstant, "Slice": buildSlice, "Split": buildSplit, "Transpose": buildTranspose,
		"ReverseSequence": sized(0, reverseSequence[uint8], reverseSequence[uint16], reverseSequence[uint32], reverseSequence[uint64]),
		"SpaceToDepth":    sized(0, spaceToDepth[uint8], spaceToDepth[uint16], spaceToDepth[uint32], spaceToDepth[uint64]),
		"Tile":            sized(0, tileOf[uint8], tileOf[uint16], tileOf[uint32], tileOf[uint64]),
		"Trilu":           sized(0, trilu[uint8], trilu[uint16], trilu[uint32], trilu[uint64]),
		// indexing
		"Compress": buildCompress, "Gather": buildGather, "NonMaxSuppression": buildSuppression, "NonZero": buildNonZero, "Unique": uniques.by(0),
		"GatherElements": sized(0, gatherElements[uint8], gatherElements[uint16], gatherElements[uint32], gatherElements[uint64]),
		"GatherND":       sized(0, gatherND[uint8], gatherND[uint16], gatherND[uint32], gatherND[uint64]),
		"OneHot":         sized(2, oneHot[uint8], oneHot[uint16], oneHot[uint32], oneHot[uint64]),
		"Scatter":        scatters.by(0), "ScatterElements": scatters.by(0), "ScatterND": scattersND.by(0), "TopK": topKs.by(0),
		"TensorScatter": sized(0, tensorScatter[uint8], tensorScatter[uint16], tensorScatter[uint32], tensorScatter[uint64]),
		// making
		"BlackmanWindow": buildWindow, "Constant": buildConstant, "ConstantOfShape": buildConstantOfShape, "EyeLike": eyes.byOutput(),
		"HammingWindow": buildWindow, "HannWindow": buildWindow, "Range": ranges.by(0),
		// resampling
		"AffineGrid": buildAffineGrid, "Col2Im": buildCol2Im, "DFT": buildDFT, "GridSample": buildGridSample, "Resize": buildResize, "Upsample": buildResize,
		// quantized
		"ConvInteger": buildIntegerConv, "DequantizeLinear": buildDequantize, "DynamicQuantizeLinear": buildDynamicQuantize,
		"MatMulInteger": buildIntegerMatMul, "QLinearConv": buildIntegerConv, "QLinearMatMul": buildIntegerMatMul, "QuantizeLinear": buildQuantize,
	}
	for name := range aliases {
		builders[name] = buildCopy
	}
	for _, name := range []string{"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"} {
		builders[name] = comparisons.by(0)
	}
	for _, name := range []string{"And", "Or", "Xor"} {
		builders[name] = buildLogic
	}
	for _, name := range []string{"BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Mod"} {
		builders[name] = arithmetic.or(onnx.Float32, arithFloat[float32])
	}
	builders["BitwiseNot"] = unaryIntegers.by(0)
	for name := range vectorized {
		builders[name] = unaryIntegers.or(onnx.Float32, buildVectorized)
	}
	for name, make := range activations {
		builders[name] = buildUnary(make)
	}
	for name := range vectorOps {
		builders[name] = arithmetic.or(onnx.Float32, buildBinary)
	}
	for _, name := range []string{"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
		"ReduceProd", "ReduceSum", "ReduceSumSquare"} {
		builders[name] = buildReduceAny
	}
}

// buildPadAny picks the kernel that only adds a fill where it will do.
func buildPadAny(st *step) (func(), error) {
	pads, err := onnx.Pads(st.node.Node, st.values())
	if err != nil {
		return nil, err
	}
	plain := st.node.Str("mode", "constant") == "constant" && !st.has(3)
	for _, p := range pads {
		plain = plain && p[0] >= 0 && p[1] >= 0
	}
	if plain {
		return buildPad(st)
	}
	return sized(0, padded[uint8], padded[uint16], padded[uint32], padded[uint64])(st)
}
