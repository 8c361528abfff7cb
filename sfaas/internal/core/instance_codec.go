// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// appendInstance appends the key and the cells of one instance. It is the form
// in which state moves and is stored.
func (k *Core) appendInstance(dst []byte, n *plan.Node, key base.Key, inst *instance) []byte {
	dst = key.AppendBinary(dst)
	dst = binary.AppendUvarint(dst, uint64(len(inst.cells)))
	for _, s := range inst.cells {
		d := s.Head().Decl
		dst = base.AppendString(dst, d.Name)
		dst = append(dst, byte(d.Class))
		dst = base.AppendDigest(binary.AppendUvarint(dst, uint64(d.Version)), d.Form)
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = s.Encode(dst, k.now)
		if d.Class == base.Sealed {
			sealed := k.set.Sealer.Seal(nil, dst[at+4:], cellLabel(n.Fn.Name, key, d.Name))
			clear(dst[at+4:])
			dst = append(dst[:at+4], sealed...)
		}
		binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// cutInstance reads one instance of a function. Cells that the function no
// longer declares are dropped; those that are new start empty.
func (k *Core) cutInstance(src []byte, n *plan.Node) (base.Key, *instance, []byte, error) {
	key, src, err := base.CutKey(src)
	if err != nil {
		return key, nil, nil, badSnapshot(n, key, err)
	}
	count, src, err := base.CutCount(src, 15)
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

func (k *Core) cutCell(src []byte, n *plan.Node, key base.Key, inst *instance) ([]byte, error) {
	name, src, err := base.CutString(src)
	if err != nil {
		return nil, err
	}
	if len(src) == 0 {
		return nil, base.ErrTruncated
	}
	class := base.Class(src[0])
	version, src, err := base.CutUint64(src[1:])
	if err != nil {
		return nil, err
	}
	if len(src) < 8+4 {
		return nil, base.ErrTruncated
	}
	form := base.Digest(binary.LittleEndian.Uint64(src))
	src = src[8:]
	size := binary.LittleEndian.Uint32(src)
	if src = src[4:]; uint64(size) > uint64(len(src)) {
		return nil, base.ErrTruncated
	}
	content, rest := src[:size:size], src[size:]
	for _, s := range inst.cells {
		d := s.Head().Decl
		if d.Name != name {
			continue
		}
		if d.Class != class {
			return nil, fmt.Errorf("cell %s: class %v, want %v", name, class, d.Class)
		}
		if int(version) == d.Version && form != d.Form {
			return nil, fmt.Errorf("cell %s: its fields have changed, its schema version %d has not", name, version)
		}
		if class == base.Sealed {
			if content, err = k.set.Sealer.Open(nil, content, cellLabel(n.Fn.Name, key, name)); err != nil {
				return nil, fmt.Errorf("cell %s: %w", name, err)
			}
		}
		if version > 1<<31 {
			return nil, base.ErrInvalid
		}
		return rest, s.Decode(content, int(version), k.now)
	}
	return rest, nil
}

func badSnapshot(n *plan.Node, key base.Key, err error) error {
	return fmt.Errorf("%w: %s[%v]: %w", base.ErrSnapshot, n.Fn.Name, key, err)
}
