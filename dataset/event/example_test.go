package event_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/snurun/snurun/dataset/event"
)

// Bin a recording into steps of 100 ms.
func Example() {
	f, err := event.Open("testdata/nmnist-43.bs2", event.Options{Size: event.Size{Width: 34, Height: 34}})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	b, err := event.NewBinner(f, event.BinOptions{Step: 100_000})
	if err != nil {
		log.Fatal(err)
	}
	var s event.Step
	for {
		err := b.Next(&s)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("step %d: %d events on %d of %d channels\n", s.Index, s.Events, len(s.Active), b.Channels())
	}
	// Output:
	// step 0: 727 events on 309 of 2312 channels
	// step 1: 651 events on 272 of 2312 channels
	// step 2: 778 events on 331 of 2312 channels
	// step 3: 2 events on 2 of 2312 channels
}

// Convert a recording, here from two records of N-MNIST to text.
func ExampleNewWriter() {
	src, err := event.NewReader("nmnist", strings.NewReader("\x07\x09\x80\x13\xdf\x02\x01\x00\x13\xe0"), event.Options{})
	if err != nil {
		log.Fatal(err)
	}
	w, err := event.NewWriter("text", os.Stdout, event.Size{Width: 34, Height: 34})
	if err != nil {
		log.Fatal(err)
	}
	events := make([]event.Event, 256)
	for {
		n, err := src.Read(events)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		if err := w.Write(events[:n]); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # size 34x34
	// t,x,y,p
	// 5087,7,9,1
	// 5088,2,1,0
}
