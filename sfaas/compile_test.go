// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// TestWrongWiresDoNotCompile type-checks programs that differ in one wire.
func TestWrongWiresDoNotCompile(t *testing.T) {
	const head = `package p
import "github.com/neuroran/neuroran/sfaas"
type (A struct{ X int32 }; B struct{ X int32 }; C struct{ X int32 }; Grant struct{ X int32 })
var ab = sfaas.Define("ab", func(*sfaas.Ctx, *B, *A) error { return nil }, sfaas.FunctionConfig{})
var bc = sfaas.Define("bc", func(*sfaas.Ctx, *C, *B) error { return nil }, sfaas.FunctionConfig{})
var abc = sfaas.Define("abc", func(*sfaas.Ctx, *C, *sfaas.Pair[A, B]) error { return nil }, sfaas.FunctionConfig{})
var grant = sfaas.OnControl(bc, func(*sfaas.Ctx, *Grant) error { return nil })
var topic = sfaas.NewTopic[B]("t")
var callee = sfaas.CallRef[A, B]("ab")
var reply = callee.OnReply(func(*sfaas.Ctx, sfaas.Reply[B]) error { return nil })
var cell = sfaas.NewValue[A]("cell", sfaas.Volatile)
func wire(g *sfaas.Graph, c *sfaas.Ctx, k sfaas.Key) {
	in := sfaas.Source[A](g, "in")
	grants := sfaas.Source[Grant](g, "grants")
	b := sfaas.Apply(in, ab)
	_, _, _ = in, grants, b
`
	fset := token.NewFileSet()
	imp := importer.ForCompiler(fset, "source", nil)
	check := func(body string) error {
		f, err := parser.ParseFile(fset, "p.go", head+body+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		cfg := types.Config{Importer: imp}
		_, err = cfg.Check("p", fset, []*ast.File{f}, nil)
		return err
	}
	good := []string{
		"sfaas.Apply(b, bc)", "sfaas.Apply(sfaas.Join(in, b), abc)", "sfaas.Control(grants, grant)",
		"sfaas.Sink(b, `out`)", "callee.Call(c, k, 1)", "*topic.Publish(c, k) = B{}", "cell.Set(c, A{})",
	}
	for _, body := range good {
		if err := check(body); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
	bad := []struct{ name, body string }{
		{"function that takes another type", "sfaas.Apply(in, bc)"},
		{"stages in the wrong order", "sfaas.Apply(sfaas.Apply(b, bc), ab)"},
		{"join with inputs exchanged", "sfaas.Apply(sfaas.Join(b, in), abc)"},
		{"join with one input", "sfaas.Apply(in, abc)"},
		{"control of another type", "sfaas.Control(in, grant)"},
		{"data as control", "sfaas.Control(grants, bc)"},
		{"grant as data", "sfaas.Apply(grants, bc)"},
		{"push of another type", "_ = in.PushValue(nil, k, 1, &B{})"},
		{"sink of another type", "sfaas.WithOutput(sfaas.Sink(b, `out`), func(sfaas.Header, *A) {})"},
		{"reply of another type", "callee.OnReply(func(*sfaas.Ctx, sfaas.Reply[C]) error { return nil })"},
		{"call without a port for replies", "sfaas.Define(`x`, func(*sfaas.Ctx, *B, *A) error { return nil }, sfaas.FunctionConfig{}, callee)"},
		{"port for another type", "sfaas.Ref[A](`ab`).On(func(*sfaas.Ctx, *B) error { return nil })"},
		{"stream to a port of another type", "sfaas.Deliver(in, sfaas.Ref[B](`ab`))"},
		{"message of another type", "*sfaas.Ref[A](`ab`).Send(c, k) = B{}"},
		{"topic of another type", "*topic.Publish(c, k) = A{}"},
		{"cell of another type", "cell.Set(c, B{})"},
		{"selected field of another type", "sfaas.Apply(sfaas.Select(in, func(a *A) *int32 { return &a.X }), ab)"},
		{"dead letters to another type", "sfaas.DeadLetter(in, ab, bc)"},
	}
	for _, tc := range bad {
		err := check(tc.body)
		if err == nil {
			t.Errorf("%s compiles: %s", tc.name, tc.body)
		} else if !strings.Contains(err.Error(), "type") && !strings.Contains(err.Error(), "cannot") {
			t.Errorf("%s: %v is no type error", tc.name, err)
		}
	}
}
