// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"errors"
	"fmt"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel/backend"
	"github.com/neuroran/neuroran/accel/onnx"
)

// session is a model in ONNX Runtime. Its C session may run concurrently.
type session struct {
	s       *ort.DynamicAdvancedSession
	inputs  []string
	outputs []string
	copies  bool   // the device has memory of its own; see binding.Run
	data    []byte // the model
}

// Outputs implements [backend.Describer].
func (s *session) Outputs() ([]onnx.ValueInfo, error) {
	var found []ort.InputOutputInfo
	var err error
	keepSignals(func() { _, found, err = ort.GetInputOutputInfoWithONNXData(s.data) })
	if err != nil {
		return nil, fmt.Errorf("accel: ort: outputs: %w", err)
	}
	list := make([]onnx.ValueInfo, len(found))
	for i, o := range found {
		list[i] = onnx.ValueInfo{Name: o.Name, Type: onnx.DataType(o.DataType)}
		if o.OrtValueType != ort.ONNXTypeTensor {
			list[i] = onnx.NotTensor(o.Name, strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(o.OrtValueType.String(), "ONNX_TYPE_")), "_", " "))
		}
	}
	return list, nil
}

// Close implements [backend.Session].
func (s *session) Close() (err error) {
	keepSignals(func() { err = s.s.Destroy() })
	return err
}

// binding owns the C values that point into the caller's pinned memory. It
// holds the wrapper's tensors in Go fields until they are destroyed: the C side
// keeps addresses that the collector cannot see.
type binding struct {
	session *session
	io      *ort.IoBinding
	values  []ort.Value
}

// Bind implements [backend.Session].
func (s *session) Bind(in, out []backend.Buffer) (backend.Binding, error) {
	io, err := s.s.CreateIoBinding()
	if err != nil {
		return nil, fmt.Errorf("accel: ort: bind: %w", err)
	}
	b := &binding{session: s, io: io}
	err = errors.Join(b.add(in, s.inputs, io.BindInput), b.add(out, s.outputs, io.BindOutput))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("accel: ort: bind: %w", err), b.Close())
	}
	return b, nil
}

func (b *binding) add(bufs []backend.Buffer, names []string, bind func(string, ort.Value) error) error {
	for i, buf := range bufs {
		v, err := wrap(buf)
		if err != nil {
			return fmt.Errorf("port %q: %w", names[i], err)
		}
		v = bound{v, v.GetInternals()}
		b.values = append(b.values, v)
		if err := bind(names[i], v); err != nil {
			return fmt.Errorf("port %q: %w", names[i], err)
		}
	}
	return nil
}

// Run implements [backend.Binding]. Where the device has memory of its own,
// binding an input is what copies it there, so that it is done anew.
func (b *binding) Run() error {
	if b.session.copies {
		for i, name := range b.session.inputs {
			if err := b.io.BindInput(name, b.values[i]); err != nil {
				return fmt.Errorf("accel: ort: input %q: %w", name, err)
			}
		}
	}
	if err := b.session.s.RunWithBinding(b.io); err != nil {
		return fmt.Errorf("accel: ort: %w", err)
	}
	return nil
}

// Close implements [backend.Binding]: the binding goes before its values.
func (b *binding) Close() error {
	errs := []error{b.io.Destroy()}
	for _, v := range b.values {
		errs = append(errs, v.Destroy())
	}
	b.values = nil
	return errors.Join(errs...)
}

// bound is a value whose handle is at hand: the wrapper makes a new one each
// time it is asked, and a run must not allocate.
type bound struct {
	ort.Value
	internals *ort.ValueInternalData
}

// GetInternals implements [ort.Value].
func (b bound) GetInternals() *ort.ValueInternalData { return b.internals }

// wrap makes a C value over the buffer's memory, without a copy.
func wrap(b backend.Buffer) (ort.Value, error) {
	if b.Len == 0 {
		return wrapEmpty(b)
	}
	switch b.Type {
	case onnx.Float32:
		return wrapAs[float32](b)
	case onnx.Float64:
		return wrapAs[float64](b)
	case onnx.Int8:
		return wrapAs[int8](b)
	case onnx.Int16:
		return wrapAs[int16](b)
	case onnx.Int32:
		return wrapAs[int32](b)
	case onnx.Int64:
		return wrapAs[int64](b)
	case onnx.Uint8:
		return wrapAs[uint8](b)
	case onnx.Bool:
		return wrapAs[bool](b)
	case onnx.Uint16:
		return wrapAs[uint16](b)
	case onnx.Uint32:
		return wrapAs[uint32](b)
	case onnx.Uint64:
		return wrapAs[uint64](b)
	case onnx.Float16:
		raw := backend.Buffer{Data: b.Data, Len: 2 * b.Len}
		return ort.NewCustomDataTensor(shape(b), backend.Slice[byte](raw), ort.TensorElementDataTypeFloat16)
	}
	return nil, fmt.Errorf("element type %v is not supported", b.Type)
}

// wrapEmpty makes a C value without elements. It has an address all the same, which
// some kernels touch.
func wrapEmpty(b backend.Buffer) (ort.Value, error) {
	types := map[onnx.DataType]ort.TensorElementDataType{onnx.Float32: ort.TensorElementDataTypeFloat, onnx.Float64: ort.TensorElementDataTypeDouble,
		onnx.Int8: ort.TensorElementDataTypeInt8, onnx.Int16: ort.TensorElementDataTypeInt16, onnx.Int32: ort.TensorElementDataTypeInt32,
		onnx.Int64: ort.TensorElementDataTypeInt64, onnx.Uint8: ort.TensorElementDataTypeUint8, onnx.Uint16: ort.TensorElementDataTypeUint16,
		onnx.Uint32: ort.TensorElementDataTypeUint32, onnx.Uint64: ort.TensorElementDataTypeUint64, onnx.Bool: ort.TensorElementDataTypeBool,
		onnx.Float16: ort.TensorElementDataTypeFloat16}
	t, ok := types[b.Type]
	if !ok {
		return nil, fmt.Errorf("element type %v is not supported", b.Type)
	}
	return ort.NewCustomDataTensor(shape(b), make([]byte, 8), t)
}

func wrapAs[T ort.TensorData](b backend.Buffer) (ort.Value, error) {
	v, err := ort.NewTensor(shape(b), backend.Slice[T](b))
	if err != nil {
		return nil, err
	}
	return v, nil
}

// shape returns the lengths; a scalar is bound as [1], see [onnx.Bindable].
func shape(b backend.Buffer) ort.Shape {
	if len(b.Dims) == 0 {
		return ort.Shape{1}
	}
	s := make(ort.Shape, len(b.Dims))
	for i, d := range b.Dims {
		s[i] = int64(d)
	}
	return s
}
