// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"maps"
	"slices"
)

// operators lists the operators of the standard set whose types and lengths are
// inferred here: how many inputs each takes, its rule, and which inputs shape it.
var operators = merge(elementwise, layers, reductions, layouts, indexing, generators, signals, quantized, controls)

func merge(lists ...map[string]operator) map[string]operator {
	all := map[string]operator{}
	for _, list := range lists {
		maps.Copy(all, list)
	}
	return all
}

// each gives several operators the same entry.
func each(op operator, names ...string) map[string]operator {
	list := map[string]operator{}
	for _, name := range names {
		list[name] = op
	}
	return list
}

// elementwise lists what computes each element from those at the same place.
var elementwise = merge(
	each(operator{1, 1, inferUnary, nil},
		"Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp",
		"Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Mish", "Neg", "Reciprocal", "Relu", "Round",
		"Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu"),
	each(operator{2, 2, inferBroadcast, nil}, "Add", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Mod", "Mul", "Sub"),
	each(operator{1, -1, inferBroadcast, nil}, "Max", "Mean", "Min", "Sum"),
	each(operator{2, 2, inferCompare, nil}, "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
	each(operator{2, 2, inferLogic, nil}, "And", "Or", "Xor"),
	each(operator{1, 1, inferTest, nil}, "IsInf", "IsNaN"),
	map[string]operator{
		"Cast": {1, 1, inferCast, nil}, "CastLike": {2, 2, inferCastLike, nil}, "BitCast": {1, 1, inferBitCast, nil},
		"Clip": {1, 3, inferClip, nil}, "Dropout": {1, 3, inferDropout, []int{1, 2}}, "Not": {1, 1, inferLogic, nil},
		"PRelu": {2, 2, inferPRelu, nil}, "Pow": {2, 2, inferPow, nil}, "Where": {3, 3, inferWhere, nil},
	})

// layers lists linear algebra, convolutions, poolings, recurrences and norms.
var layers = map[string]operator{
	"Attention": {3, 7, inferAttention, nil}, "AveragePool": {1, 1, inferPool, nil}, "BatchNormalization": {5, 5, inferBatchNorm, nil},
	"Conv": {2, 3, inferConv, nil}, "ConvTranspose": {2, 3, inferConvTranspose, nil}, "Det": {1, 1, inferDet, nil},
	"Einsum": {1, -1, inferEinsum, nil}, "GRU": {3, 6, inferRecurrent, nil}, "Gemm": {2, 3, inferGemm, nil},
	"GlobalAveragePool": {1, 1, inferGlobalPool, nil}, "GlobalLpPool": {1, 1, inferGlobalPool, nil}, "GlobalMaxPool": {1, 1, inferGlobalPool, nil},
	"GroupNormalization": {3, 3, inferChannelNorm, nil}, "Hardmax": {1, 1, inferSoftmax, nil}, "InstanceNormalization": {3, 3, inferChannelNorm, nil},
	"LRN": {1, 1, inferUnary, nil}, "LSTM": {3, 8, inferRecurrent, nil}, "LayerNormalization": {2, 3, inferLayerNorm, nil},
	"LogSoftmax": {1, 1, inferSoftmax, nil}, "LpNormalization": {1, 1, inferUnary, nil}, "LpPool": {1, 1, inferPool, nil},
	"MatMul": {2, 2, inferMatMul, nil}, "MaxPool": {1, 1, inferPool, nil}, "MaxUnpool": {2, 3, inferUnpool, []int{2}},
	"MeanVarianceNormalization": {1, 1, inferUnary, nil}, "NegativeLogLikelihoodLoss": {2, 3, inferLoss, nil}, "RMSNormalization": {2, 2, inferUnary, nil},
	"RNN": {3, 6, inferRecurrent, nil}, "RotaryEmbedding": {3, 4, inferUnary, nil}, "Softmax": {1, 1, inferSoftmax, nil},
	"SoftmaxCrossEntropyLoss": {2, 3, inferLoss, nil},
}

// reductions lists what folds axes.
var reductions = merge(
	each(operator{1, 2, inferReduce, []int{1}}, "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
		"ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"),
	each(operator{1, 1, inferArg, nil}, "ArgMax", "ArgMin"),
	each(operator{2, 2, inferCumulative, []int{1}}, "CumProd", "CumSum"))

// layouts lists what moves elements to places that the lengths alone decide.
var layouts = map[string]operator{
	"CenterCropPad": {2, 2, inferCenterCropPad, []int{1}}, "Concat": {1, -1, inferConcat, nil}, "DepthToSpace": {1, 1, inferDepthToSpace, nil},
	"Expand": {2, 2, inferExpand, []int{1}}, "Flatten": {1, 1, inferFlatten, nil}, "Pad": {1, 4, inferPad, []int{1, 3}},
	"Reshape": {2, 2, inferReshape, []int{1}}, "ReverseSequence": {2, 2, inferReverseSequence, nil}, "Shape": {1, 1, inferShape, nil},
	"Size": {1, 1, inferSize, nil}, "Slice": {1, 5, inferSlice, []int{1, 2, 3, 4}}, "SpaceToDepth": {1, 1, inferSpaceToDepth, nil},
	"Split": {1, 2, inferSplit, []int{1}}, "Squeeze": {1, 2, inferSqueeze, []int{1}}, "Tile": {2, 2, inferTile, []int{1}},
	"Transpose": {1, 1, inferTranspose, nil}, "Trilu": {1, 2, inferTrilu, []int{1}}, "Unsqueeze": {1, 2, inferUnsqueeze, []int{1}},
}

// indexing lists what moves elements to places that other elements name.
var indexing = map[string]operator{
	"Compress": {2, 2, inferCompress, []int{1}}, "Gather": {2, 2, inferGather, nil}, "GatherElements": {2, 2, inferGatherElements, nil},
	"GatherND": {2, 2, inferGatherND, nil}, "NonMaxSuppression": {2, 5, inferNonMaxSuppression, []int{0, 1, 2, 3, 4}}, "NonZero": {1, 1, inferNonZero, []int{0}},
	"OneHot": {3, 3, inferOneHot, []int{1}}, "Scatter": {3, 3, inferScatter, nil}, "ScatterElements": {3, 3, inferScatter, nil},
	"ScatterND": {3, 3, inferScatterND, nil}, "TensorScatter": {2, 3, inferTensorScatter, nil}, "TopK": {1, 2, inferTopK, []int{1}},
	"Unique": {1, 1, inferUnique, []int{0}},
}

// generators lists what makes elements from lengths.
var generators = map[string]operator{
	"Constant": {0, 0, inferConstant, nil}, "ConstantOfShape": {1, 1, inferConstantOfShape, []int{0}}, "EyeLike": {1, 1, inferEyeLike, nil},
	"Range": {3, 3, inferRange, []int{0, 1, 2}},
}

// signals lists resampling and transforms.
var signals = map[string]operator{
	"AffineGrid": {2, 2, inferAffineGrid, []int{1}}, "Col2Im": {3, 3, inferCol2Im, []int{1, 2}}, "DFT": {1, 3, inferDFT, []int{1, 2}},
	"BlackmanWindow": {1, 1, inferTimeWindow, []int{0}}, "HammingWindow": {1, 1, inferTimeWindow, []int{0}}, "HannWindow": {1, 1, inferTimeWindow, []int{0}},
	"GridSample": {2, 2, inferGridSample, nil}, "Resize": {1, 4, inferResize, []int{1, 2, 3}}, "Upsample": {1, 2, inferResize, []int{1}},
}

// quantized lists integer forms of real numbers.
var quantized = map[string]operator{
	"ConvInteger": {2, 4, inferConvInteger, nil}, "DequantizeLinear": {2, 3, inferDequantize, nil}, "DynamicQuantizeLinear": {1, 1, inferDynamicQuantize, nil},
	"MatMulInteger": {2, 4, inferMatMulInteger, nil}, "QLinearConv": {8, 9, inferQLinearConv, nil}, "QLinearMatMul": {8, 8, inferQLinearMatMul, nil},
	"QuantizeLinear": {2, 3, inferQuantize, nil},
}

// controls lists what runs other graphs. Their outputs are known when the graph
// that runs is: an executor puts its nodes in their place.
var controls = map[string]operator{
	"If": {1, 1, inferGraphs, []int{0}}, "Loop": {0, -1, inferGraphs, []int{0, 1}}, "Scan": {0, -1, inferGraphs, nil},
}

// inferGraphs leaves the outputs open.
func inferGraphs(c *inference) error {
	c.out = slices.Repeat([]Value{{Unranked: true}}, len(c.node.Outputs))
	return nil
}
