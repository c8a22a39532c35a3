package main

// equivalent are the changes that change no result, and why.
var equivalent = map[string]string{
	"exp.go: r := x - float32(n*expLn2Hi) → r := fused(-n, expLn2Hi, x)":                        exact,
	"exp_avx2_amd64.h: vectors(N_LN2HI); vectors(REDUCE) → VFNMADD231PS EXP_LN2HI, n, r":        exact,
	"exp_avx512_amd64.h: vectors(N_LN2HI); vectors(REDUCE) → VFNMADD231PS.BCST EXP_LN2HI, n, r": exact,
	"forward_avx512_amd64.s: #define NOT_GREATER $26 → #define NOT_GREATER $25":                 zero,
	"forward_generic.go: if p > 0 || g == Identity { → if p >= 0 || g == Identity {":            zero,

	"gradient_generic.go: for first := 0; first < m.cols; first += m.panel { → for first := 0; first <= m.cols; first += m.panel {":       empty,
	"gradient_generic.go: for column := 0; column < w.cols; column += w.panel { → for column := 0; column <= w.cols; column += w.panel {": empty,
}

const (
	exact = "nothing: n·hi is exact"
	zero  = "nothing: 0 is 0 either way"
	empty = "nothing: a panel of no columns"
)
