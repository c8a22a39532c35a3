//go:build !purego && !noasm

package asm

// The kernels in assembly. Their comments are the Go loops that they are equal
// to, in the terms of their arguments: arrays stand for the pointers, rows of
// them for the strides. Every operation is rounded to float32 on its own.

// forward64NEON runs tiles of 64 columns through the steps:
//
//	for first := from; first < to; first += 64 {
//		row := 0
//		for step := range steps {
//			for j := first; j < first+64; j++ {
//				a := current[j]
//				for k := row; k < ends[step]; k++ {
//					a += weights[rows[k]][j]         // times values[k], if there are values
//				}
//				p := gate(a, decay[j]*s[step][j], out[step][j])
//				s[step+1][j] = activation(p)
//				out[step+1][j] = output(s[step+1][j] + bias[j])
//			}
//			row = ends[step]
//		}
//	}
//
//go:noescape
func forward64NEON(t *tile)

// forward16NEON is forward64 for tiles of 16 columns.
//
//go:noescape
func forward16NEON(t *tile)

// sumRows64NEON adds listed rows to the rows of dst, 64 columns:
//
//	row := 0
//	for i := range steps {
//		for ; row < ends[i]; row++ {
//			for j := range 64 {
//				dst[i][j] += src[rows[row]][j]       // times values[row], if there are values
//			}
//		}
//	}
//
//go:noescape
func sumRows64NEON(t *sumTile)

// sumRows16NEON is sumRows64 for 16 columns.
//
//go:noescape
func sumRows16NEON(t *sumTile)

// sumSpikes64NEON adds the rows that a word has to a row of dst, 64 columns:
//
//	for i := range rows {
//		for w := words[i]; w != 0; w &= w - 1 {
//			for j := range 64 {
//				dst[i][j] += src[TrailingZeros64(w)][j]
//			}
//		}
//	}
//
//go:noescape
func sumSpikes64NEON(t *spikeTile)

// sumSpikes16NEON is sumSpikes64 for 16 columns.
//
//go:noescape
func sumSpikes16NEON(t *spikeTile)

// dotRows8NEON goes on with the products of eight rows and d, and folds them:
//
//	for i := range 8 {
//		for column := range panels*vectors*16 {
//			lanes[i][column%16] += rows[i][column] * d[column]
//		}
//		sums[i] = fold(lanes[i])
//	}
//
//go:noescape
func dotRows8NEON(group *dotGroup)

// adamNEON is AdamStep.Apply for n parameters, a multiple of 16:
//
//	for i := range n {
//		m[i] = β₁*m[i] + (1-β₁)*grad[i]
//		v[i] = β₂*v[i] + ((1-β₂)*grad[i])*grad[i]
//		w[i] = (w[i] - Shrink*w[i]) - (Rate*m[i])/(√v[i] + Epsilon)
//	}
//
//go:noescape
func adamNEON(a *AdamStep, w, m, v, grad *float32, n int)

// indicesNEON lists the set bits of words:
//
//	for i := range words {
//		for w := v[i]; w != 0; w &= w - 1 {
//			dst[n] = base + 64*i + TrailingZeros64(w)
//			n++
//		}
//	}
//
//go:noescape
func indicesNEON(dst *uint32, v *uint64, words int, base uint32) (n int)

// scatterDotNEON multiplies the patterns of groups of four inputs with delta:
//
//	for k := range 4*groups {
//		p := places[inputs[k]]
//		for r := range runs {
//			for i := range width {
//				lanes[i%8] += weights[p.Pattern+r*width+i] * delta[p.Sum+offsets[r]+i]
//			}
//		}
//		dst[k] = fold(lanes)
//	}
//
//go:noescape
func scatterDotNEON(l *dotList)

// evaluateNEON evaluates the slopes of blocks of 16 neurons:
//
//	for j := range 16*blocks {
//		for step := range steps {
//			d[step][j] = slope(kind, s[step][j] + bias[j])
//			if d[step][j] != 0 {
//				open[j] |= 1 << step
//			}
//		}
//	}
//
//go:noescape
func evaluateNEON(t *slopeTile)

// backward16NEON walks 16 neurons back through the steps, as backwardStep says:
//
//	for step := steps - 1; step >= 0; step-- {
//		for j := range 16 {
//			backwardStep(step, j)
//		}
//	}
//
//go:noescape
func backward16NEON(t *backTile)

// dotStepsNEON multiplies rows of w and of d:
//
//	for i := range inputs {
//		for step := range 15 {
//			if words[i]>>step&1 != 0 {
//				for column := range columns {
//					lanes[column%16] += w[i][column] * d[step][column]
//				}
//				dst[step][i] = fold(lanes)
//			}
//		}
//	}
//
//go:noescape
func dotStepsNEON(t *stepTile)

// addRows8NEON adds eight rows to sums:
//
//	for j := range columns {
//		for k := range 8 {
//			acc[j] += rows[k][j]                     // times values[k], if scaled
//		}
//	}
//
//go:noescape
func addRows8NEON(group *rowGroup)

// scatterRunsNEON adds weights to sums, input after input:
//
//	for k := range left {
//		p := places[inputs[k]]
//		for r := range runs {
//			for i := range width {
//				strided[p.Sum+offsets[r]+i] += packed[p.Pattern+r*width+i] // times values[k]
//			}
//		}
//	}
//
// or, to collect, the other way.
//
//go:noescape
func scatterRunsNEON(l *scatterList, collect bool)

// sumBytes128NEON sums bytes of listed rows, for 128 columns:
//
//	for j := range columns {
//		n := float32(0)
//		for k := range left {
//			n += float32(weights[rows[k]][j] - 128)  // exact
//		}
//		out[j] = start[j] + scale[j]*n
//	}
//
//go:noescape
func sumBytes128NEON(t *byteTile)

// sumBytes64NEON is sumBytes128NEON for 64 columns.
//
//go:noescape
func sumBytes64NEON(t *byteTile)

// scatterBytesNEON adds weights of 8 bits to lanes of 16, input after input:
//
//	for k := range left {
//		p := places[inputs[k]]
//		for r := range runs {
//			for i := range width {
//				lanes[p.Sum+offsets[r]+i] += weights[p.Pattern+r*width+i]
//			}
//		}
//	}
//
//go:noescape
func scatterBytesNEON(l *byteList)

// joinLanesNEON empties lanes:
//
//	for j := range columns {
//		out[j] = start[j] + scale[j]*float32(lanes[j])
//		lanes[j] = 0
//	}
//
//go:noescape
func joinLanesNEON(t *laneRow)
