package asm

// intPanel is the number of columns in a panel of Integers, and intBlock the
// number of those that lie in one cache line.
const (
	intPanel = 256
	intBlock = 64
)

// intStream is the number of columns that are summed at once, in memory, when
// weights stream past the caches.
const intStream = 2048

// intRows is the most rows that are added before 16-bit sums must be emptied:
// 256 biased bytes of at most 255.
const intRows = 256

// Integers holds weights of 8 bits, −127 … 127, input-major: row i is what a
// spike of input i adds to the outputs. Sums of them are exact in integers, so
// that their order is free.
//
// A weight is stored as a byte that is 128 more, and so is 0 where there is no column.
// Columns are cut into panels of 256, the rows of each following each other, and
// panels into blocks of 64: byte 2k of a block is column k, byte 2k+1 column
// 32+k. So the even and the odd bytes of a vector are neighbouring columns, as
// 16-bit numbers, by a mask and by a shift.
type Integers struct {
	rows, cols int
	panel      int // columns in a panel; the last one may have fewer
	data       []word
	scale      []float32 // one a column, padded
}

// NewIntegers returns zeros for rows inputs and cols outputs, with scales of 0.
func NewIntegers(rows, cols int) Integers {
	m := Integers{rows, cols, intPanel, words(rows * padBlock(cols) / wordBytes), Floats(Pad(cols))}
	if m.Bytes() > 4*streamFrom {
		m.panel = padBlock(cols)
	}
	for i := range m.data {
		m.data[i] = 128 * (^word(0) / 0xFF) // 128 in each byte
	}
	return m
}

// padBlock rounds n up to a multiple of intBlock.
func padBlock(n int) int { return (n + intBlock - 1) &^ (intBlock - 1) }

// Rows returns the number of inputs, those of the layer's own spikes included.
func (m *Integers) Rows() int { return m.rows }

// Cols returns the number of outputs, without padding.
func (m *Integers) Cols() int { return m.cols }

// InRows reports whether the weights lie in whole rows, not in panels.
func (m *Integers) InRows() bool { return m.panel > intPanel }

// InPanels returns m in panels, the layout that ForwardBatch wants: m itself or a
// copy of the weights.
func (m *Integers) InPanels() Integers {
	if !m.InRows() {
		return *m
	}
	p := *m
	p.panel, p.data = intPanel, words(len(m.data))
	for first := 0; first < m.cols; first += intPanel {
		from, stride := m.from(first)
		to, width := p.from(first)
		for i := range m.rows {
			copy(to[i*width:(i+1)*width], from[i*stride:])
		}
	}
	return p
}

// Scale returns the factor of each output, padded: what the sum of its weights is
// multiplied by.
func (m *Integers) Scale() []float32 { return m.scale }

// Bytes returns the size of the weights, padding included.
func (m *Integers) Bytes() int { return wordBytes * len(m.data) }

// from returns the words from the block of column first on of row 0, and the
// number of words from there to the same of the next row.
func (m *Integers) from(first int) (data []word, stride int) {
	panel := 0
	if m.panel == intPanel {
		panel = first &^ (intPanel - 1)
	}
	width := min(m.panel, padBlock(m.cols)-panel)
	return m.data[(panel*m.rows+first-panel)/wordBytes:], width / wordBytes
}

// place returns the word and the shift of a weight.
func (m *Integers) place(i, j int) (*word, int) {
	data, stride := m.from(j &^ (intBlock - 1))
	at := 2 * (j % (intBlock / 2))
	if j%intBlock >= intBlock/2 {
		at++
	}
	return &data[i*stride+at/wordBytes], 8 * (at % wordBytes)
}

// At returns the weight from input i to output j.
func (m *Integers) At(i, j int) int8 {
	w, shift := m.place(i, j)
	return int8(int(*w>>shift&0xFF) - 128)
}

// Set sets the weight from input i to output j. It panics on −128.
func (m *Integers) Set(i, j int, q int8) {
	if q == -128 {
		panic("asm: a weight of −128; integers are −127 … 127")
	}
	w, shift := m.place(i, j)
	*w = *w&^(0xFF<<shift) | word(int(q)+128)<<shift
}

// SetRow sets the weights from input i to all outputs. It panics on −128.
func (m *Integers) SetRow(i int, q []int8) {
	for first := 0; first < m.cols; first += intBlock {
		var bytes [intBlock]uint8
		for k, w := range q[first:min(first+intBlock, m.cols)] {
			if w == -128 {
				panic("asm: a weight of −128; integers are −127 … 127")
			}
			bytes[2*(k%(intBlock/2))+k/(intBlock/2)] = uint8(int(w) + 128)
		}
		data, stride := m.from(first)
		for at := range data[i*stride:][:intBlock/wordBytes] {
			w := word(0)
			for b := range wordBytes {
				w |= word(bytes[at*wordBytes+b]) << (8 * b)
			}
			data[i*stride+at] = w
		}
	}
}

// intSum is one sum of a panel: with N the sum of the listed rows, at most
// intRows, for each of len(out) columns
//
//	out[j] = start[j] + scale[j]·N[j]
//
// where N[j] is exact and the rest is rounded operation by operation.
type intSum struct {
	data         []word // of the first column in row 0
	stride       int    // words
	rows         []uint32
	out          []float32 // up to intPanel, a multiple of Lanes
	start, scale []float32
	lanes        []uint16 // scratch: for each column, and for a block
	long         bool     // rows are long runs of memory
}

// IntScratch is the memory that sums of integers need, one for each goroutine.
type IntScratch struct {
	sums, part []float32
	lanes      []uint16
	rows       [intRows]uint32 // of a step with counts, some at a time
	one        intSum
	panels     [2]bytePanel // of the weights, and of those of a layer's own spikes
}

// NewIntScratch returns scratch for layers of any width.
func NewIntScratch() *IntScratch {
	s := &IntScratch{sums: Floats(intStream), part: Floats(intStream)}
	s.lanes = lanesOf(words((2*intStream + 2*intPanel) / wordBytes))
	return s
}

// noPart are zeros, for a sum that starts at none, and ones factors for one that is
// not scaled.
var noPart, ones = Floats(intStream), Floats(intStream)

func init() {
	for j := range ones {
		ones[j] = 1
	}
}

// Forward is Forward with integer sums: with q the weights and x the inputs of a
// step, 1 or their values,
//
//	N = Σ q[i][j]·x_i        exact
//	a = Current[j] + Scale[j]·N
//
// and on as there. Values must be whole numbers from 0 to 2²⁴ − 1, or it panics, and
// N and all its parts below 2²⁴. A recurrent layer has a second matrix, own, nil for none, for its own
// spikes of the step before, which spikes lists: M is their sum, and
// a = (Current[j] + Scale[j]·N) + own.Scale[j]·M.
func (m *Integers) Forward(u *Units, in *Inputs, own *Integers, spikes *Inputs, tr *Trace, s *IntScratch) {
	m.check(u, in, own, spikes)
	k := kernels.Load()
	for first := 0; first < u.N; first += intStream {
		m.columns(k, u, in, own, spikes, tr, first, min(first+intStream, u.N), s)
	}
	clearTail(u, tr, len(in.Ends))
}

// ForwardBatch is Forward for each of the streams in[k], spikes[k], tr[k], panel
// after panel, so that the streams share what the caches hold of the weights.
// spikes is not looked at without own.
func (m *Integers) ForwardBatch(u *Units, in []*Inputs, own *Integers, spikes []*Inputs, tr []*Trace, s *IntScratch) {
	of := func(i int) *Inputs {
		if own == nil {
			return nil
		}
		return spikes[i]
	}
	for i := range in {
		m.check(u, in[i], own, of(i))
	}
	k := kernels.Load()
	width := intPanel
	if m.panel > intPanel {
		width = intStream
	}
	for first := 0; first < u.N; first += width {
		for i := range in {
			m.columns(k, u, in[i], own, of(i), tr[i], first, min(first+width, u.N), s)
		}
	}
	for i := range in {
		clearTail(u, tr[i], len(in[i].Ends))
	}
}

// check panics if the lists are shorter than their last end, or if the matrices
// have another number of columns than u has neurons.
func (m *Integers) check(u *Units, in *Inputs, own *Integers, spikes *Inputs) {
	end := 0
	if steps := len(in.Ends); steps > 0 {
		end = int(in.Ends[steps-1])
	}
	if u.N != Pad(m.cols) || len(u.Current) < u.N || end > len(in.Rows) || in.Values != nil && end > len(in.Values) {
		panic("asm: Integers: the columns, units, rows or values do not fit each other")
	}
	if own == nil {
		return
	}
	if own.cols != m.cols || len(spikes.Ends) != len(in.Ends) {
		panic("asm: Integers: the recurrent matrix or its list does not fit the other")
	}
	own.check(u, spikes, nil, nil)
}

// columns runs the steps of in for the columns between first and end, at most
// intStream.
func (m *Integers) columns(k *tier, u *Units, in *Inputs, own *Integers, spikes *Inputs, tr *Trace, first, end int, s *IntScratch) {
	if k.panels != nil && !u.Rare() && in.Values == nil && !m.InRows() && (own == nil || !own.InRows()) {
		k.panels(k, m, u, in, own, spikes, tr, first, end, s)
		return
	}
	sums, current := s.sums[:end-first], u.Current[first:end]
	update := k.updateAt
	if u.Rare() {
		update = updateGeneric
	}
	at, ownAt := int32(0), int32(0)
	for t, to := range in.Ends {
		rows, values := in.between(at, to)
		m.sum(k, s, sums, current, first, rows, values)
		at = to
		if own != nil {
			to := spikes.Ends[t]
			rows, values := spikes.between(ownAt, to)
			own.sum(k, s, sums, sums, first, rows, values)
			ownAt = to
		}
		update(sums, u, tr, first, t)
	}
	s.one = intSum{}
}

// sum sets sums to start + scale·N for the columns from first on, N the sum of any
// number of rows, each as often as its value says if there are values. Parts of N
// are added up as float32, which is exact.
func (m *Integers) sum(k *tier, s *IntScratch, sums, start []float32, first int, rows []uint32, values []float32) {
	var part []float32
	full := func(rows []uint32) {
		from := part
		if from == nil {
			from = noPart
		}
		part = s.part[:len(sums)]
		m.sumPart(k, s, part, from, ones, first, rows)
	}
	if values != nil {
		rows = expand(s.rows[:], rows, values, full)
	}
	for ; len(rows) > intRows; rows = rows[intRows:] {
		full(rows[:intRows])
	}
	switch {
	case part != nil:
		full(rows)
		scaleParts(sums, start, m.scale[first:], part)
	case len(rows) > 0:
		m.sumPart(k, s, sums, start, m.scale[first:], first, rows)
	default:
		copy(sums, start) // adding 0 changes nothing, because start is never −0
	}
}

// scaleParts sets out to start + scale·part.
func scaleParts(out, start, scale, part []float32) {
	start, scale, part = start[:len(out)], scale[:len(out)], part[:len(out)]
	for j := range out {
		out[j] = start[j] + float32(scale[j]*part[j])
	}
}

// expand lists each row as often as its value says, in list: it calls full whenever
// that is full and one more comes, and returns the rest.
func expand(list, rows []uint32, values []float32, full func([]uint32)) []uint32 {
	n := 0
	for i, r := range rows {
		for range count(values[i]) {
			if n == len(list) {
				full(list)
				n = 0
			}
			list[n] = r
			n++
		}
	}
	return list[:n]
}

// count returns a value as a number of events. It panics on what is none, which
// would be added for ever.
func count(x float32) int {
	if !(x >= 0 && x < 1<<24) || x != float32(int(x)) {
		panic("asm: Integers: a value is not a whole number from 0 to 2^24 - 1")
	}
	return int(x)
}

// sumPart is intSum for any columns from first on.
func (m *Integers) sumPart(k *tier, s *IntScratch, out, start, scale []float32, first int, rows []uint32) {
	one := &s.one
	one.rows, one.lanes, one.long = rows, s.lanes, m.panel > intPanel
	width := intPanel
	if one.long {
		width = intStream
	}
	for from := 0; from < len(out); from += width {
		to := min(from+width, len(out))
		one.data, one.stride = m.from(first + from)
		one.out, one.start, one.scale = out[from:to], start[from:to], scale[from:to]
		k.sumBytes(one)
	}
}
