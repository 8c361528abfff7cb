// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
)

// appendInstance appends the key and the cells of one instance. It is the form
// in which state moves and is stored.
func (k *Core) appendInstance(dst []byte, n *node, key Key, inst *instance) []byte {
	dst = key.AppendBinary(dst)
	dst = binary.AppendUvarint(dst, uint64(len(inst.cells)))
	for _, s := range inst.cells {
		d := s.head().decl
		dst = appendString(dst, d.name)
		dst = append(dst, byte(d.class))
		dst = appendDigest(binary.AppendUvarint(dst, uint64(d.version)), d.form)
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = s.encode(dst, k.now)
		if d.class == Sealed {
			sealed := k.set.sealer.Seal(nil, dst[at+4:], cellLabel(n.fn.name, key, d.name))
			clear(dst[at+4:])
			dst = append(dst[:at+4], sealed...)
		}
		binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// cutInstance reads one instance of a function. Cells that the function no
// longer declares are dropped; those that are new start empty.
func (k *Core) cutInstance(src []byte, n *node) (Key, *instance, []byte, error) {
	key, src, err := cutKey(src)
	if err != nil {
		return key, nil, nil, badSnapshot(n, key, err)
	}
	count, src, err := cutCount(src, 15)
	if err != nil {
		return key, nil, nil, badSnapshot(n, key, err)
	}
	inst := newInstance(n)
	for range count {
		if src, err = k.cutCell(src, n, key, inst); err != nil {
			return key, nil, nil, badSnapshot(n, key, err)
		}
	}
	return key, inst, src, nil
}

func (k *Core) cutCell(src []byte, n *node, key Key, inst *instance) ([]byte, error) {
	name, src, err := cutString(src)
	if err != nil {
		return nil, err
	}
	if len(src) == 0 {
		return nil, errTruncated
	}
	class := Class(src[0])
	version, src, err := cutUint64(src[1:])
	if err != nil {
		return nil, err
	}
	if len(src) < 8+4 {
		return nil, errTruncated
	}
	form := Digest(binary.LittleEndian.Uint64(src))
	src = src[8:]
	size := binary.LittleEndian.Uint32(src)
	if src = src[4:]; uint64(size) > uint64(len(src)) {
		return nil, errTruncated
	}
	content, rest := src[:size:size], src[size:]
	for _, s := range inst.cells {
		d := s.head().decl
		if d.name != name {
			continue
		}
		if d.class != class {
			return nil, fmt.Errorf("cell %s: class %v, want %v", name, class, d.class)
		}
		if int(version) == d.version && form != d.form {
			return nil, fmt.Errorf("cell %s: its fields have changed, its schema version %d has not", name, version)
		}
		if class == Sealed {
			if content, err = k.set.sealer.Open(nil, content, cellLabel(n.fn.name, key, name)); err != nil {
				return nil, fmt.Errorf("cell %s: %w", name, err)
			}
		}
		if version > 1<<31 {
			return nil, errInvalid
		}
		return rest, s.decode(content, int(version), k.now)
	}
	return rest, nil
}

func cutKey(src []byte) (Key, []byte, error) {
	if len(src) < 8*MaxDepth {
		return Key{}, nil, errTruncated
	}
	key := Key{
		top: binary.LittleEndian.Uint64(src),
		mid: binary.LittleEndian.Uint64(src[8:]),
		low: binary.LittleEndian.Uint64(src[16:]),
	}
	if (key.top == 0 && key.mid != 0) || (key.mid == 0 && key.low != 0) {
		return Key{}, nil, errInvalid
	}
	return key, src[8*MaxDepth:], nil
}

func badSnapshot(n *node, key Key, err error) error {
	return fmt.Errorf("%w: %s[%v]: %w", ErrSnapshot, n.fn.name, key, err)
}
