// Package stream classifies live input: an Input cuts what arrives on a byte
// stream into time steps, Windows group the steps and decide, and Run joins the
// two and measures them.
//
//	in, err := stream.NewInput(os.Stdin, m, stream.InputOptions{})
//	...
//	w, err := stream.NewWindows(net, stream.WindowOptions{})
//	...
//	summary, err := stream.Run(ctx, in, w, stream.Handler{
//		Decide: func(d stream.Decision) error { fmt.Println(d.Class); return nil },
//	})
//
// Memory is bounded by the model and the options, whatever arrives and however
// long. A step allocates nothing, but for the parsing of JSON. Who has steps
// already needs Windows alone.
package stream
