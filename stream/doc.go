// Package stream classifies live input: an Input cuts what arrives into time
// steps, Windows group the steps and decide, and Run joins the two and measures
// them.
//
//	in, err := stream.NewInput(os.Stdin, m, stream.InputOptions{})
//	...
//	w, err := stream.NewWindows(net, stream.WindowOptions{})
//	...
//	summary, err := stream.Run(ctx, in, w, stream.Handler{
//		Decide: func(d stream.Decision) error { fmt.Println(d.Class); return nil },
//	})
//
// What arrives is a byte stream in one of Formats. A driver that has events pushes
// them into a Feed instead, from a goroutine of its own:
//
//	feed, in, err := stream.NewFeed(m, stream.InputOptions{})
//	err = feed.Push(ctx, events...)        // as they come
//	feed.Close()                           // there are no more
//
// Who has time steps already needs Windows alone: Windows.Step.
//
// Memory is bounded by the model and the options, whatever arrives and however
// long. A step allocates nothing, but for the parsing of JSON.
package stream
