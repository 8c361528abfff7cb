// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/neuroran/neuroran/internal/tensor/memory"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/tensor"
)

// Values are encoded little-endian, field by field: first all plain fields in
// order of memory, without padding, then all parts. A tensor is its rank, its
// lengths, its axis names and its elements; a slice and a string are a length
// and their elements.

// hostIsLittle is a fact of the machine.
var hostIsLittle = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// Encode appends the value at p to dst.
func (l *Layout) Encode(dst []byte, p unsafe.Pointer) []byte { return l.EncodeApart(dst, p, nil) }

// EncodeApart is Encode, but for the elements of large tensors: their memory is added to
// apart and not copied. Nothing is apart where apart is nil, or where elements in memory
// are not as they are encoded. [Layout.DecodeApart] reads it.
func (l *Layout) EncodeApart(dst []byte, p unsafe.Pointer, apart *[][]byte) []byte {
	for _, r := range l.runs {
		// A run has one word size, so it is copied at once, and turned word by word on a
		// big-endian host.
		dst = appendWords(dst, unsafe.Slice((*byte)(unsafe.Add(p, r.off)), uintptr(r.n)*r.size), int(r.size))
	}
	for i := range l.parts {
		dst = l.parts[i].encode(dst, unsafe.Add(p, l.parts[i].off), apart)
	}
	return dst
}

// ApartLeast is how large the elements of a tensor are, in bytes, that are apart.
const ApartLeast = 4096

func (p *part) encode(dst []byte, at unsafe.Pointer, apart *[][]byte) []byte {
	switch {
	case p.tensor != nil:
		h := p.tensor.Header(at)
		dst = append(dst, byte(h.Rank))
		for i := range h.Rank {
			dst = binary.AppendUvarint(dst, uint64(h.Dims[i]))
			dst = base.AppendString(dst, h.Axes[i])
		}
		// Nothing is written about what is apart: who decodes comes to the same answer
		// from the shape.
		data := p.tensor.Data(at)
		if apart != nil && len(data) >= ApartLeast && (hostIsLittle || p.tensor.Word == 1) {
			*apart = append(*apart, data)
			return dst
		}
		return appendWords(dst, data, p.tensor.Word)
	case p.str:
		return base.AppendString(dst, *(*string)(at))
	}
	h := (*memory.SliceHeader)(at)
	dst = binary.AppendUvarint(dst, uint64(h.Len))
	for i := range h.Len {
		dst = p.elem.EncodeApart(dst, unsafe.Add(h.Data, uintptr(i)*p.elem.Type.Size()), apart)
	}
	return dst
}

// Decode reads a value into p and returns the rest of src. It never reads
// beyond src and allocates no more than a small multiple of it.
func (l *Layout) Decode(p unsafe.Pointer, src []byte) ([]byte, error) {
	return l.DecodeApart(p, src, nil)
}

// DecodeApart is the inverse of [Layout.EncodeApart], and of Encode where apart is nil.
// Large tensors lie over the pieces from then on, see [Layout.Detach].
func (l *Layout) DecodeApart(p unsafe.Pointer, src []byte, apart *Pieces) ([]byte, error) {
	for _, r := range l.runs {
		n := r.n * int(r.size)
		if len(src) < n {
			return nil, base.ErrTruncated
		}
		dst := unsafe.Slice((*byte)(unsafe.Add(p, r.off)), n)
		// A bool of Go that is neither 0 nor 1 is undefined behaviour: it never gets in.
		if r.flag && !isFlags(src[:n]) {
			return nil, base.ErrInvalid
		}
		copyWords(dst, src[:n], int(r.size))
		src = src[n:]
	}
	var err error
	for i := range l.parts {
		if src, err = l.parts[i].decode(unsafe.Add(p, l.parts[i].off), src, apart); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (p *part) decode(at unsafe.Pointer, src []byte, apart *Pieces) ([]byte, error) {
	switch {
	case p.tensor != nil:
		return p.decodeTensor(at, src, apart)
	case p.str:
		s, rest, err := base.CutString(src)
		if err == nil {
			*(*string)(at) = s
		}
		return rest, err
	}
	// So many elements need so many bytes: a length that lies is refused before anything
	// is allocated.
	n, src, err := base.CutCount(src, max(1, p.elem.Least()))
	if err != nil {
		return nil, err
	}
	p.slice.Resize(at, n)
	h := (*memory.SliceHeader)(at)
	for i := range n {
		if src, err = p.elem.DecodeApart(unsafe.Add(h.Data, uintptr(i)*p.elem.Type.Size()), src, apart); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (p *part) decodeTensor(at unsafe.Pointer, src []byte, apart *Pieces) ([]byte, error) {
	if len(src) == 0 {
		return nil, base.ErrTruncated
	}
	// Rank, then length and name of each axis, then the elements: see encode.
	rank := int(src[0])
	if rank > tensor.MaxRank {
		return nil, base.ErrInvalid
	}
	src = src[1:]
	h, was, total := memory.Head{Rank: rank}, p.tensor.Header(at), 1
	if rank == 0 {
		total = 0
	}
	for i := range rank {
		d, n := binary.Uvarint(src)
		if n <= 0 {
			return nil, base.ErrTruncated
		}
		// The product of the lengths must not overflow, also where a zero makes it vanish
		// in the end.
		if d > math.MaxInt32 || (d > 0 && total > math.MaxInt32/int(d)) {
			return nil, base.ErrInvalid
		}
		size, rest, err := base.CutCount(src[n:], 1)
		if err != nil {
			return nil, err
		}
		// The name that the tensor had is kept where it is the same, so that steady
		// messages allocate no strings.
		if h.Axes[i] = was.Axes[i]; h.Axes[i] != string(rest[:size]) { // mostly it is the same one
			h.Axes[i] = string(rest[:size])
		}
		h.Dims[i], src = int(d), rest[size:]
		total *= int(d)
	}
	// The same question as encode has asked, about the same shape.
	if apart != nil && total*p.tensor.Size >= ApartLeast {
		mem := apart.next(total * p.tensor.Size)
		if mem == nil {
			return nil, base.ErrTruncated
		}
		p.lieOver(at, h, mem)
		return src, nil
	}
	if total > len(src)/p.tensor.Size {
		return nil, base.ErrTruncated
	}
	if rank == 0 {
		p.tensor.Zero(at)
		return src, nil
	}
	p.tensor.Shape(at, h)
	// Shape has given the tensor room: nothing more can fail.
	n := total * p.tensor.Size
	copyWords(p.tensor.Data(at), src[:n], p.tensor.Word)
	return src[n:], nil
}

// Pieces are the elements of large tensors in a frame: each piece begins at a multiple of
// 64 bytes.
type Pieces struct {
	Frame []byte // all of it
	At    int    // from where on it is not read
}

// next returns the next piece, nil if there is none of that size.
func (p *Pieces) next(size int) []byte {
	piece, at := base.CutAligned(p.Frame, p.At, size)
	p.At = at
	return piece
}

// lieOver makes mem the elements of a tensor, where they are as they would be in memory,
// and copies them otherwise.
func (p *part) lieOver(at unsafe.Pointer, h memory.Head, mem []byte) {
	// Pieces are aligned within the frame; whether they are in memory depends on where
	// the frame lies.
	aligned := uintptr(unsafe.Pointer(unsafe.SliceData(mem)))%uintptr(p.tensor.Size) == 0
	if aligned && (hostIsLittle || p.tensor.Word == 1) {
		p.tensor.Adopt(at, h, mem)
		return
	}
	p.tensor.Shape(at, h)
	copyWords(p.tensor.Data(at), mem, p.tensor.Word)
}

// Detach empties the tensors that lie over mem.
func (l *Layout) Detach(p unsafe.Pointer, mem []byte) {
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(mem)))
	for i := range l.parts {
		x := &l.parts[i]
		at := unsafe.Add(p, x.off)
		switch {
		case x.tensor != nil:
			// Only tensors over mem lose it; those that have memory of their own keep it
			// for the next message.
			data := uintptr(unsafe.Pointer(unsafe.SliceData(x.tensor.Data(at))))
			if data >= begin && data < begin+uintptr(cap(mem)) {
				x.tensor.Detach(at)
			}
		case x.elem != nil:
			h := (*memory.SliceHeader)(at)
			for j := range h.Len {
				x.elem.Detach(unsafe.Add(h.Data, uintptr(j)*x.elem.Type.Size()), mem)
			}
		}
	}
}

// appendWords appends memory as little-endian words of the given size.
func appendWords(dst, mem []byte, word int) []byte {
	n := len(dst)
	dst = append(dst, mem...)
	if !hostIsLittle && word > 1 {
		swapWords(dst[n:], word)
	}
	return dst
}

func copyWords(dst, src []byte, word int) {
	copy(dst, src)
	if !hostIsLittle && word > 1 {
		swapWords(dst, word)
	}
}

func swapWords(b []byte, word int) {
	for ; len(b) >= word; b = b[word:] {
		for i, j := 0, word-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

func isFlags(b []byte) bool {
	for _, x := range b {
		if x > 1 {
			return false
		}
	}
	return true
}
