// SPDX-License-Identifier: Apache-2.0

// Package ipc writes Go messages as rows of Arrow IPC files, which pyarrow and all
// other implementations of Arrow open, and reads them back.
//
// A message is a value of any type of bools, numbers, strings, tensors, arrays, slices
// and structs of these; fields that are not exported are written as others are, under
// their names. It becomes one row, and one record batch, of a schema that follows from
// the type alone:
//
//	bool, intN, uintN, floatN    bool, intN, uintN, floatN
//	complex64, complex128        fixed_size_list<float32 or float64>[2]: real, imaginary
//	string                       utf8
//	[n]T                         fixed_size_list<T>[n]
//	[]T                          list<T>
//	struct                       struct, its fields in order
//	tensor.Tensor[E]             arrow.variable_shape_tensor: struct<data: list<E>, shape: …>
//
// A tensor may have another shape in each row, as the slots of a radio do. The tag
// `tensor:"rx,symbol"` names its axes and fixes their number; then its shape is a
// fixed_size_list<int32> and the extension type says the names. Without a tag the shape
// is a list<int32>, and no extension type. An element of complex64 is two float32 and
// an axis "iq" more. `tensor:"-"` leaves a field out.
//
// In Python a tensor is three lines:
//
//	table = pyarrow.ipc.open_file("F.arrow").read_all()
//	x = table["Z"][0].as_py()  # of row 0
//	z = numpy.array(x["data"], "f4").view("c8").reshape(x["shape"][:-1])
//
// A file that Python has written is read if it has one row per record batch, as
// write_table(table, max_chunksize=1) makes them, and no compression.
//
// Apache Arrow, "Columnar format", IPC file format and canonical extension types.
package ipc
