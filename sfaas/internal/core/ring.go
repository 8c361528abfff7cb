// SPDX-License-Identifier: Apache-2.0

package core

// ring is a queue that keeps its memory.
//
// Its length is a power of two, so that a position is masked and not divided. It never
// shrinks: a line that was long once may be again, and an element that has been taken out
// is cleared, so that it holds nothing back from the collector.
type ring[T any] struct {
	buf  []T
	head int
	n    int
}

func (r *ring[T]) len() int { return r.n }

// at returns element i from the front.
func (r *ring[T]) at(i int) *T { return &r.buf[(r.head+i)&(len(r.buf)-1)] }

func (r *ring[T]) push(x T) { *r.add() = x }

// add appends a zero element and returns it.
func (r *ring[T]) add() *T {
	if r.n == len(r.buf) {
		r.grow()
	}
	x := &r.buf[(r.head+r.n)&(len(r.buf)-1)]
	r.n++
	return x
}

func (r *ring[T]) pushFront(x T) {
	if r.n == len(r.buf) {
		r.grow()
	}
	r.head = (r.head - 1) & (len(r.buf) - 1)
	r.buf[r.head] = x
	r.n++
}

func (r *ring[T]) pop() (x T) {
	r.popInto(&x)
	return x
}

// popInto moves the first element to x.
func (r *ring[T]) popInto(x *T) {
	*x = r.buf[r.head]
	r.drop()
}

// drop takes out the first element.
func (r *ring[T]) drop() {
	var zero T
	r.buf[r.head] = zero
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
}

// It moves what stands before i by one: cheap where i is small, as it is for what is
// urgent or oldest.
// remove takes out element i and keeps the order of the rest.
func (r *ring[T]) remove(i int) T {
	x := *r.at(i)
	for ; i > 0; i-- {
		*r.at(i) = *r.at(i - 1)
	}
	r.pop()
	return x
}

func (r *ring[T]) grow() {
	buf := make([]T, max(8, 2*len(r.buf)))
	for i := range r.n {
		buf[i] = *r.at(i)
	}
	r.buf, r.head = buf, 0
}
