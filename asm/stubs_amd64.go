//go:build !purego && !noasm

package asm

// The kernels in assembly. Their comments are the Go loops that they are equal
// to, in the terms of their arguments: arrays stand for the pointers, rows of
// them for the strides. Every operation is rounded to float32 on its own.

// forward64AVX2 runs tiles of 64 columns through the steps:
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
func forward64AVX2(t *tile)

// forward64AVX512 is forward64AVX2.
//
//go:noescape
func forward64AVX512(t *tile)

// forward16AVX2 is forward64 for tiles of 16 columns.
//
//go:noescape
func forward16AVX2(t *tile)

// forward16AVX512 is forward16AVX2.
//
//go:noescape
func forward16AVX512(t *tile)

// batch64AVX2 is forward64 for several streams, which take turns in each tile:
//
//	for first := from; first < to; first += 64 {
//		for i := range count {
//			forward64(streams[i], first)
//		}
//	}
//
//go:noescape
func batch64AVX2(t *batchTile)

// batch64AVX512 is batch64AVX2.
//
//go:noescape
func batch64AVX512(t *batchTile)

// batch16AVX2 is batch64 for tiles of 16 columns.
//
//go:noescape
func batch16AVX2(t *batchTile)

// batch16AVX512 is batch16AVX2.
//
//go:noescape
func batch16AVX512(t *batchTile)

// addRowsAVX2 adds rows to sums:
//
//	for j := range columns {
//		acc[j] = from[j]
//		for k := range left {
//			acc[j] += data[rows[k]][j]               // times values[k], if there are values
//		}
//	}
//
//go:noescape
func addRowsAVX2(list *rowList)

// addRowsAVX512 is addRowsAVX2.
//
//go:noescape
func addRowsAVX512(list *rowList)

// sumRows64AVX2 adds listed rows to the rows of dst, 64 columns:
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
func sumRows64AVX2(t *sumTile)

// sumRows64AVX512 is sumRows64AVX2.
//
//go:noescape
func sumRows64AVX512(t *sumTile)

// sumRows16AVX2 is sumRows64 for 16 columns.
//
//go:noescape
func sumRows16AVX2(t *sumTile)

// sumRows16AVX512 is sumRows16AVX2.
//
//go:noescape
func sumRows16AVX512(t *sumTile)

// sumSpikes64AVX2 adds the rows that a word has to a row of dst, 64 columns:
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
func sumSpikes64AVX2(t *spikeTile)

// sumSpikes64AVX512 is sumSpikes64AVX2.
//
//go:noescape
func sumSpikes64AVX512(t *spikeTile)

// sumSpikes16AVX2 is sumSpikes64 for 16 columns.
//
//go:noescape
func sumSpikes16AVX2(t *spikeTile)

// sumSpikes16AVX512 is sumSpikes16AVX2.
//
//go:noescape
func sumSpikes16AVX512(t *spikeTile)

// dotRows8AVX2 goes on with the products of eight rows and d, and folds them:
//
//	for i := range 8 {
//		for column := range panels*vectors*16 {
//			lanes[i][column%16] += rows[i][column] * d[column]
//		}
//		sums[i] = fold(lanes[i])
//	}
//
//go:noescape
func dotRows8AVX2(group *dotGroup)

// dotRows8AVX512 is dotRows8AVX2.
//
//go:noescape
func dotRows8AVX512(group *dotGroup)

// adamAVX2 is AdamStep.Apply for n parameters, a multiple of 16:
//
//	for i := range n {
//		m[i] = β₁*m[i] + (1-β₁)*grad[i]
//		v[i] = β₂*v[i] + ((1-β₂)*grad[i])*grad[i]
//		w[i] = (w[i] - Shrink*w[i]) - (Rate*m[i])/(√v[i] + Epsilon)
//	}
//
//go:noescape
func adamAVX2(a *AdamStep, w, m, v, grad *float32, n int)

// adamAVX512 is adamAVX2.
//
//go:noescape
func adamAVX512(a *AdamStep, w, m, v, grad *float32, n int)

// indicesAVX2 lists the set bits of words:
//
//	for i := range words {
//		for w := v[i]; w != 0; w &= w - 1 {
//			dst[n] = base + 64*i + TrailingZeros64(w)
//			n++
//		}
//	}
//
//go:noescape
func indicesAVX2(dst *uint32, v *uint64, words int, base uint32) (n int)

// indicesAVX512 is indicesAVX2.
//
//go:noescape
func indicesAVX512(dst *uint32, v *uint64, words int, base uint32) (n int)

// scatterAVX2 adds weights to sums, input after input:
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
//go:noescape
func scatterAVX2(l *scatterList)

// scatterAVX512 is scatterAVX2.
//
//go:noescape
func scatterAVX512(l *scatterList)

// collectAVX2 is scatter the other way:
//
//	packed[p.Pattern+r*width+i] += strided[p.Sum+offsets[r]+i]         // times values[k]
//
//go:noescape
func collectAVX2(l *scatterList)

// collectAVX512 is collectAVX2.
//
//go:noescape
func collectAVX512(l *scatterList)

// scatterDotAVX2 multiplies the patterns of groups of four inputs with delta:
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
func scatterDotAVX2(l *dotList)

// evaluateAVX2 evaluates the slopes of blocks of 16 neurons:
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
func evaluateAVX2(t *slopeTile)

// evaluateAVX512 is evaluateAVX2.
//
//go:noescape
func evaluateAVX512(t *slopeTile)

// backward64AVX512 walks 64 neurons back through the steps, as backwardStep says:
//
//	for step := steps - 1; step >= 0; step-- {
//		for j := range 64 {
//			backwardStep(step, j)
//		}
//	}
//
//go:noescape
func backward64AVX512(t *backTile)

// backward16AVX2 is backward64AVX512 for 16 neurons.
//
//go:noescape
func backward16AVX2(t *backTile)

// backward16AVX512 is backward16AVX2.
//
//go:noescape
func backward16AVX512(t *backTile)

// dotStepsAVX2 multiplies rows of w and of d:
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
func dotStepsAVX2(t *stepTile)

// dotStepsAVX512 is dotStepsAVX2.
//
//go:noescape
func dotStepsAVX512(t *stepTile)

// sumBytes256AVX512 sums bytes of listed rows, for 256 columns:
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
func sumBytes256AVX512(t *byteTile)

// sumBytes64AVX512 is sumBytes256AVX512 for 64 columns.
//
//go:noescape
func sumBytes64AVX512(t *byteTile)

// sumBytes128AVX2 is sumBytes256AVX512 for 128 columns.
//
//go:noescape
func sumBytes128AVX2(t *byteTile)

// sumBytes64AVX2 is sumBytes256AVX512 for 64 columns.
//
//go:noescape
func sumBytes64AVX2(t *byteTile)

// addBytesAVX2 adds the bytes of eight rows to sums: for each block of 64 columns
//
//	for k := range 8 {
//		for i := range 32 {
//			sums[i] += rows[k][2*i] + 256*rows[k][2*i+1]  // the odd bytes carry out
//			sums[32+i] += rows[k][2*i+1]
//		}
//	}
//
//go:noescape
func addBytesAVX2(l *byteRows)

// addBytesAVX512 is addBytesAVX2.
//
//go:noescape
func addBytesAVX512(l *byteRows)

// joinBytes64AVX2 is what follows the rows in sumBytes64AVX2, for the sums of a
// block that addBytes made, which lie at weights.
//
//go:noescape
func joinBytes64AVX2(t *byteTile)

// joinBytes64AVX512 is joinBytes64AVX2.
//
//go:noescape
func joinBytes64AVX512(t *byteTile)

// scatterBytes8AVX2 adds weights of 8 bits to lanes of 16, 8 at a time, input
// after input:
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
func scatterBytes8AVX2(l *byteList)

// scatterBytes16AVX2 is scatterBytes8AVX2, 16 lanes at a time.
//
//go:noescape
func scatterBytes16AVX2(l *byteList)

// scatterBytes32AVX512 is scatterBytes8AVX2, 32 lanes at a time.
//
//go:noescape
func scatterBytes32AVX512(l *byteList)

// joinLanesAVX2 empties lanes:
//
//	for j := range columns {
//		out[j] = start[j] + scale[j]*float32(lanes[j])
//		lanes[j] = 0
//	}
//
//go:noescape
func joinLanesAVX2(t *laneRow)

// joinLanesAVX512 is joinLanesAVX2.
//
//go:noescape
func joinLanesAVX512(t *laneRow)
