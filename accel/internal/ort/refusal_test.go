// SPDX-License-Identifier: Apache-2.0

package ort

import (
	"errors"
	"testing"

	"github.com/neuroran/neuroran/accel/onnx"
)

// TestRefusalNamesOperator reads the texts in which the library refuses a model.
func TestRefusalNamesOperator(t *testing.T) {
	g := &onnx.Graph{Nodes: []onnx.Node{{OpType: "Add", Outputs: []string{"s"}}, {OpType: "RNN", Outputs: []string{"", "h"}}, {Name: "n2", OpType: "PRelu"}}}
	tests := []struct{ text, op, node, domain string }{
		{"Could not find an implementation for PRelu(16) node with name ''", "PRelu", "n2", ""},
		{"Could not find an implementation for Add(6) node with name 'first'", "Add", "first", ""},
		{"Fatal error: com.example:Foo(-1) is not a registered function/op", "Foo", "", "com.example"},
		{"Node (n9) Op (ConvTranspose) [ShapeInferenceError] wrong", "ConvTranspose", "n9", ""},
		{"Type 'tensor(bfloat16)' of input parameter (x) of operator (Cast) in node (c) is invalid", "Cast", "c", ""},
	}
	for _, tt := range tests {
		var op *onnx.OpError
		if err := refusal(g, errors.New(tt.text)); !errors.As(err, &op) || op.OpType != tt.op || op.Node != tt.node || op.Domain != tt.domain || op.Reason != tt.text {
			t.Errorf("%q: got %+v", tt.text, op)
		}
	}
	plain := errors.New("no operator here")
	if err := refusal(g, plain); err != plain {
		t.Errorf("got %v, want the error as it is", err)
	}
	one := &onnx.Graph{Nodes: g.Nodes[1:2]}
	var op *onnx.OpError
	if err := refusal(one, plain); !errors.As(err, &op) || op.OpType != "RNN" {
		t.Errorf("got %v, want the only operator named", err)
	}
}
