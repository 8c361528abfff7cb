// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// appendInstance appends the key and the cells of one instance. It is the form
// in which state moves and is stored.
func appendInstance(dst []byte, sealer Sealer, inst *instance, now base.Time) []byte {
	key := inst.ks.key
	dst = key.AppendBinary(dst)
	dst = binary.AppendUvarint(dst, uint64(len(inst.cells)))
	for _, s := range inst.cells {
		d := s.Head().Decl
		dst = base.AppendString(dst, d.Name)
		dst = append(dst, byte(d.Class))
		dst = base.AppendDigest(binary.AppendUvarint(dst, uint64(d.Version)), d.Form)
		begin := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = s.Encode(dst, now)
		if d.Class == base.Sealed {
			sealed := sealer.Seal(nil, dst[begin+4:], cellLabel(inst.node.Fn.Name, key, d.Name))
			clear(dst[begin+4:])
			dst = append(dst[:begin+4], sealed...)
		}
		binary.LittleEndian.PutUint32(dst[begin:], uint32(len(dst)-begin-4))
	}
	return dst
}

// cutCells reads the cells of one instance behind its key. A cell that the
// function does not declare is an error, so that its content is not lost in
// silence, unless the function says that it is sfaas.Retired; those that are new
// start empty.
func cutCells(src []byte, sealer Sealer, inst *instance, at plan.Moments) ([]byte, error) {
	bad := func(err error) error { return badSnapshot(inst.node, inst.ks.key, err) }
	count, src, err := base.CutCount(src, 15)
	if err != nil {
		return nil, bad(err)
	}
	for range count {
		if src, err = cutCell(src, sealer, inst, at); err != nil {
			return nil, bad(err)
		}
	}
	return src, nil
}

func cutCell(src []byte, sealer Sealer, inst *instance, at plan.Moments) ([]byte, error) {
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
			if content, err = sealer.Open(nil, content, cellLabel(inst.node.Fn.Name, inst.ks.key, name)); err != nil {
				return nil, fmt.Errorf("cell %s: %w", name, err)
			}
		}
		if version > 1<<31 {
			return nil, base.ErrInvalid
		}
		return rest, s.Decode(content, int(version), at)
	}
	if slices.Contains(inst.node.Fn.Retired, name) {
		return rest, nil
	}
	return nil, fmt.Errorf("the function has no cell %s: its content would be lost", name)
}

func badSnapshot(n *plan.Node, key base.Key, err error) error {
	return base.Errorf("%w: %s[%v]: %w", base.ErrSnapshot, n.Fn.Name, key, err)
}
