//go:build !purego && !noasm && (amd64 || arm64)

package asm

// cursor walks through Inputs.
type cursor struct {
	step int   // the next one
	row  int32 // the next one of Inputs.Rows
}

// take goes on by one step and returns its rows and values.
func (c *cursor) take(in *Inputs) (rows []uint32, values []float32) {
	from := c.row
	c.row = in.Ends[c.step]
	c.step++
	return in.between(from, c.row)
}

// units returns the work of the first n steps, at least one, for 64 columns.
func (in *Inputs) units(n int) int { return int(in.Ends[n-1]) + updateUnits*n }

// piece is a part of the steps of Inputs, up to the cursor, that one call of a
// kernel may do.
type piece struct {
	cursor
	ends [pieceSteps]int32
}

// pieceSteps is the most steps of a piece.
const pieceSteps = 128

// next goes on to the next piece of in, of as many steps as take no more than
// work units: none if the next one alone takes more. What it returns keeps to the
// piece's memory.
func (p *piece) next(in *Inputs, work int) (part Inputs) {
	from, n := p.row, 0
	for _, end := range in.Ends[p.step:min(p.step+pieceSteps, len(in.Ends))] {
		if int(end-from)+updateUnits*(n+1) > work {
			break
		}
		p.ends[n] = end - from
		p.row = end
		n++
	}
	p.step += n
	part.Rows, part.Values = in.between(from, p.row)
	part.Ends = p.ends[:n]
	return part
}

// nextRows is next for the rows of a sum a step: it may end within a step, with
// which the next piece then begins. It returns the first step of the piece.
func (p *piece) nextRows(in *Inputs, work int) (first int, part Inputs) {
	from, n := p.row, 0
	first = p.step
	for _, end := range in.Ends[p.step:min(p.step+pieceSteps, len(in.Ends))] {
		limit := from + int32(work-n-1)
		p.row = min(end, limit)
		p.ends[n] = p.row - from
		n++
		if end > limit {
			break
		}
		p.step++
		if p.row == limit {
			break
		}
	}
	part.Rows, part.Values = in.between(from, p.row)
	part.Ends = p.ends[:n]
	return first, part
}
