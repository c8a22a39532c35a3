package det

import (
	"math"
	"testing"
)

func TestAgainstMath(t *testing.T) {
	for i := range 200000 {
		x := math.Exp(float64(i)/1000 - 100)
		if got, want := Log(x), math.Log(x); math.Abs(got-want) > 2*math.Abs(math.Nextafter(want, 1e300)-want)+1e-17 {
			t.Fatalf("Log(%v) = %v, expected %v", x, got, want)
		}
		e := float64(i)/200 - 700
		if got, want := Exp(e), math.Exp(e); math.Abs(got-want) > 2*(math.Nextafter(want, math.Inf(1))-want) {
			t.Fatalf("Exp(%v) = %v, expected %v", e, got, want)
		}
		a := math.Pi * float64(i) / 200000
		if got, want := Cos(a), math.Cos(a); math.Abs(got-want) > 4e-16 {
			t.Fatalf("Cos(%v) = %v, expected %v", a, got, want)
		}
		if got, want := Sin(a-math.Pi/2), math.Sin(a-math.Pi/2); math.Abs(got-want) > 4e-16 {
			t.Fatalf("Sin(%v) = %v, expected %v", a-math.Pi/2, got, want)
		}
	}
	if Exp(0) != 1 || Exp(-800) != 0 {
		t.Fatalf("Exp(0) = %v, Exp(-800) = %v, expected 1 and 0", Exp(0), Exp(-800))
	}
	if Log(1) != 0 || Sin(0) != 0 {
		t.Fatalf("Log(1) = %v, Sin(0) = %v, expected 0", Log(1), Sin(0))
	}
}

// The bits are pinned: a trained model must not depend on the platform.
func TestBitsArePinned(t *testing.T) {
	for _, c := range []struct {
		name string
		got  float64
		want uint64
	}{
		{"Log(0.1)", Log(0.1), 0xc0026bb1bbb55515},
		{"Log(3e200)", Log(3e200), 0x407cd9d99fc601f4},
		{"Exp(-0.05)", Exp(-0.05), 0x3fee7078b0a726a6},
		{"Exp(-1)", Exp(-1), 0x3fd78b56362cef38},
		{"Sin(1)", Sin(1), 0x3feaed548f090cee},
		{"Cos(2.5)", Cos(2.5), 0xbfe9a2f7ef858b7d},
	} {
		if bits := math.Float64bits(c.got); bits != c.want {
			t.Errorf("%s is %#x, expected %#x", c.name, bits, c.want)
		}
	}
}
