// SPDX-License-Identifier: Apache-2.0

package onnx

import "google.golang.org/protobuf/encoding/protowire"

// decodeType reads the type of a value (TypeProto). Of what is no tensor it keeps
// a description, and the bytes raw of the enclosing field for [Encode].
func (v *ValueInfo) decodeType(b, raw []byte) error {
	return eachField("TypeProto", b, func(f field) error {
		switch f.num {
		case 1:
			return f.message("tensor_type", v.decodeTensorType)
		case 6: // denotation
			return nil
		}
		kind, err := describeType(b, 0)
		if err != nil {
			return err
		}
		v.other = kind
		v.unknown = append(v.unknown[:0], raw...)
		return nil
	})
}

func (v *ValueInfo) decodeTensorType(b []byte) error {
	return eachField("TypeProto.Tensor", b, func(f field) error {
		switch f.num {
		case 1:
			return f.dataType("elem_type", &v.Type)
		case 2:
			v.Ranked = true
			return f.message("shape", v.decodeShape)
		}
		return nil
	})
}

func (v *ValueInfo) decodeShape(b []byte) error {
	return eachField("TensorShapeProto", b, func(f field) error {
		if f.num != 1 {
			return nil
		}
		dim, param := int64(-1), ""
		err := f.message("dim", func(b []byte) error {
			return eachField("TensorShapeProto.Dimension", b, func(f field) error {
				switch f.num {
				case 1:
					return f.int64("dim_value", &dim)
				case 2:
					return f.string("dim_param", &param)
				}
				return nil
			})
		})
		if dim < -1 || dim > maxElems {
			return f.fail("dim", errRange)
		}
		v.Dims, v.Params = append(v.Dims, int(dim)), append(v.Params, param)
		return err
	})
}

// describeType returns the name of a type in the manner of [ValueInfo.Kind]; it
// is that of an element of depth others.
func describeType(b []byte, depth int) (kind string, err error) {
	if depth > maxDepth {
		return "", &FormatError{Message: "TypeProto", Err: ErrTooDeep}
	}
	kind = "opaque"
	err = eachField("TypeProto", b, func(f field) error {
		elem, within, err := typeParts(f)
		if err != nil || f.num == 6 { // denotation
			return err
		}
		inner := "undefined"
		if within != nil && f.num != 1 && f.num != 8 {
			if inner, err = describeType(within, depth+1); err != nil {
				return err
			}
		}
		switch f.num {
		case 1:
			kind = "tensor(" + elem.String() + ")"
		case 4:
			kind = "sequence(" + inner + ")"
		case 5:
			kind = "map(" + elem.String() + ", " + inner + ")"
		case 8:
			kind = "sparse tensor(" + elem.String() + ")"
		case 9:
			kind = "optional(" + inner + ")"
		}
		return nil
	})
	return kind, err
}

// typeParts returns what the kinds of types consist of: an element or key type,
// which is a number, and the type within, or a shape, which is a message.
func typeParts(f field) (elem DataType, within []byte, err error) {
	if f.num == 6 {
		return elem, nil, nil
	}
	err = f.message("type", func(b []byte) error {
		return eachField("TypeProto", b, func(f field) (err error) {
			switch f.typ {
			case protowire.VarintType:
				return f.dataType("elem_type", &elem)
			case protowire.BytesType:
				within, err = f.bytes("elem_type")
			}
			return err
		})
	})
	return elem, within, err
}
