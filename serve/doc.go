// Package serve answers for networks over HTTP: the Open Inference Protocol v2, as
// JSON and as gRPC on the same port, live streams, metrics, and a page to look at.
//
//	s, err := serve.New(serve.Options{Models: []string{"mnist.msgpack"}})
//	...
//	http.ListenAndServe("127.0.0.1:8000", s)     // it is an http.Handler,
//	err = s.Serve(ctx, listener)                 // or with its own limits
//
// A model is called by the name of its file without the extension. Its answers are
// those of runtime.Session.Classify, to the bit: a sample that is encoded has the
// noise of evaluate.Key(seed, number of the sample), as in snurun classify.
//
// Models are files. Server.Reload reads those that have changed; a network takes its
// place only after it has passed the self-test of its file, and requests that have
// begun end on the one that they began with.
package serve
