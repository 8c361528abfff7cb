// SPDX-License-Identifier: Apache-2.0

package onnx

// Heads is the resolved geometry of an Attention node.
type Heads struct {
	Batch, Q, KV int  // batch, query heads, heads of keys and values
	Rows, Cols   int  // lengths of the query and of keys and values, the past included
	Past         int  // length of the past
	Key, Value   int  // numbers of each key and each value
	Packed       bool // whether heads lie beside each other in [batch, length, head·number]
}

// HeadsOf resolves an Attention node; every length must be known.
func HeadsOf(n *Node, in []Value) (h Heads, reason string) {
	if mode := n.Int("qk_matmul_output_mode", 0); mode < 0 || mode > 3 {
		return h, "qk_matmul_output_mode must be from 0 to 3"
	}
	q, k, v := in[0].Dims, in[1].Dims, in[2].Dims
	if len(q) != len(k) || len(q) != len(v) || len(q) != 3 && len(q) != 4 {
		return h, "query, key and value must all have rank 3 or 4"
	}
	if len(q) == 4 {
		h = Heads{Batch: q[0], Q: q[1], KV: k[1], Rows: q[2], Cols: k[2], Key: q[3], Value: v[3]}
		if k[0] != q[0] || v[0] != q[0] || v[1] != k[1] || v[2] != k[2] || k[3] != q[3] {
			return h, "lengths of query, key and value differ"
		}
	} else {
		h = Heads{Batch: q[0], Q: int(n.Int("q_num_heads", 0)), KV: int(n.Int("kv_num_heads", 0)), Rows: q[1], Cols: k[1], Packed: true}
		if h.Q < 1 || h.KV < 1 || q[2]%h.Q != 0 || k[2]%h.KV != 0 || v[2]%h.KV != 0 || k[0] != q[0] || v[0] != q[0] || v[1] != k[1] {
			return h, "lengths of query, key and value do not fit the heads"
		}
		if h.Key, h.Value = q[2]/h.Q, v[2]/h.KV; k[2]/h.KV != h.Key {
			return h, "query and key differ in width"
		}
	}
	if h.Q%max(h.KV, 1) != 0 {
		return h, "query heads must be a multiple of key heads"
	}
	if len(in) > 4 && in[4].given() {
		p := in[4].Dims
		if len(p) != 4 || len(in) < 6 || !in[5].given() || len(in[5].Dims) != 4 ||
			p[0] != h.Batch || p[1] != h.KV || p[3] != h.Key || in[5].Dims[2] != p[2] || in[5].Dims[3] != h.Value || in[5].Dims[0] != h.Batch || in[5].Dims[1] != h.KV {
			return h, "past key and value do not fit"
		}
		h.Past = p[2]
		h.Cols += p[2]
	}
	return h, ""
}

// inferAttention adds the output, the keys and values with the past, and the
// scores.
func inferAttention(c *inference) error {
	for _, v := range c.in {
		for _, d := range v.Dims {
			if d < 0 {
				return &valueError{0}
			}
		}
	}
	h, reason := HeadsOf(c.node, c.in)
	if reason != "" {
		return c.failf("%s", reason)
	}
	if c.has(6) && (c.in[6].Type != Int64 || len(c.in[6].Dims) != 1 || c.in[6].Dims[0] != h.Batch) {
		return c.failf("numbers of valid keys are %v %v, want int64 [%d]", c.in[6].Type, c.in[6].Dims, h.Batch)
	}
	out := []int{h.Batch, h.Q, h.Rows, h.Value}
	if h.Packed {
		out = []int{h.Batch, h.Rows, h.Q * h.Value}
	}
	t := c.in[0].Type
	c.out = []Value{{Type: t, Dims: out}, {Type: t, Dims: []int{h.Batch, h.KV, h.Cols, h.Key}},
		{Type: t, Dims: []int{h.Batch, h.KV, h.Cols, h.Value}}, {Type: t, Dims: []int{h.Batch, h.Q, h.Rows, h.Cols}}}
	return nil
}
