// SPDX-License-Identifier: Apache-2.0

package ipc

import (
	"encoding/binary"

	"github.com/neuroran/neuroran/tensor"
)

// Numbers of the Arrow IPC format: the unions and field slots of its
// flatbuffers schemas Message.fbs and Schema.fbs.
const (
	ipcContinuation = 0xffffffff
	ipcVersion5     = 4

	headerSchema = 1
	headerBatch  = 3

	slotVersion     = 0 // Message
	slotHeaderType  = 1
	slotHeader      = 2
	slotBodyLength  = 3
	slotEndianness  = 0 // Schema
	slotFields      = 1
	slotName        = 0 // Field
	slotNullable    = 1
	slotTypeType    = 2
	slotType        = 3
	slotDictionary  = 4
	slotChildren    = 5
	slotMetadata    = 6
	slotKey         = 0 // KeyValue
	slotValue       = 1
	slotRows        = 0 // RecordBatch
	slotNodes       = 1
	slotBuffers     = 2
	slotCompression = 3

	slotFooterVersion = 0 // Footer
	slotFooterSchema  = 1
	slotFooterBatches = 3
	blockSize         = 24 // Block: offset, length of the metadata, length of the body

	typeInt           = 2
	typeFloat         = 3
	typeUTF8          = 5
	typeBool          = 6
	typeList          = 12
	typeStruct        = 13
	typeFixedSizeList = 16
)

// typeNames names the members of the format's union of types, for errors.
var typeNames = [...]string{"none", "null", "int", "float", "binary", "utf8", "bool",
	"decimal", "date", "time", "timestamp", "interval", "list", "struct", "union",
	"fixed_size_binary", "fixed_size_list", "map", "duration", "large_binary", "large_utf8", "large_list"}

// ipcMessage is one encapsulated message: its flatbuffer and its body.
type ipcMessage struct {
	meta   flatReader
	kind   uint8
	header flatTable
	body   []byte
}

// parseMessage reads the message that b is.
func parseMessage(b []byte) (m ipcMessage, err error) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b) != ipcContinuation {
		return m, formatError("read", "no message at the start of %d bytes", len(b))
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	if size > len(b)-8 {
		return m, formatError("read", "metadata of %d bytes in %d", size, len(b)-8)
	}
	m.meta.b, b = b[8:8+size], b[8+size:]
	root := m.meta.root()
	m.kind = m.meta.u8Field(root, slotHeaderType)
	m.header = m.meta.tableField(root, slotHeader)
	version, body := m.meta.i16Field(root, slotVersion), m.meta.i64Field(root, slotBodyLength)
	if m.meta.bad || m.header == 0 {
		return m, formatError("read", "broken message header")
	}
	if version != ipcVersion5 {
		return m, formatError("read", "metadata version %d, want %d (V5)", version+1, ipcVersion5+1)
	}
	if body < 0 || body > int64(len(b)) {
		return m, formatError("read", "body of %d bytes in %d", body, len(b))
	}
	m.body = b[:body]
	return m, nil
}

// frame wraps a flatbuffer as an encapsulated message whose length, with its
// prefix, is a multiple of [tensor.Alignment].
func frame(meta []byte) []byte {
	size := roundUp(8+len(meta)) - 8
	out := make([]byte, 8, 8+size)
	binary.LittleEndian.PutUint32(out, ipcContinuation)
	binary.LittleEndian.PutUint32(out[4:], uint32(size))
	out = append(out, meta...)
	return append(out, make([]byte, 8+size-len(out))...)
}

// roundUp returns the next multiple of [tensor.Alignment].
func roundUp(n int) int { return (n + tensor.Alignment - 1) &^ (tensor.Alignment - 1) }

// nativeOrder returns 0 on a little-endian machine and 1 on a big-endian one,
// as Arrow's Endianness does.
func nativeOrder() int16 {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return 0
	}
	return 1
}
