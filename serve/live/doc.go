// Package live is what a page shows of networks: a card of each, its sample
// inputs, and runs step by step. It knows neither HTTP nor a browser: a Watch
// answers messages with messages, whether they come over a WebSocket or from
// WebAssembly in the same process.
//
// # Messages
//
// A message is
//
//	n        uint32, little-endian
//	head     n bytes of JSON
//	         zero bytes up to the next multiple of 8
//	payload  the rest
//
// and each gets one answer, in order. A head {"error": "…"} says what was wrong.
//
//	{"op": "samples", "from": 0, "count": 40}
//
// is answered by {"total": …, "samples": [{"index", "label", "name"}, …],
// "height": h, "width": w}; the payload is a picture of each, h·w bytes, if h is
// not 0.
//
//	{"op": "run", "input": "sample", "index": 3, "steps": 0, "seed": 0, "watch": 1}
//	{"op": "run", "input": "pixels", …}                 payload: h·w intensities
//	{"op": "run", "input": "file", "name": "a.bs2", …}  payload: the file
//
// begins a run from the initial state. The sample index of a file with several
// is index, steps 0 stands for what the command classify takes, −1 for the whole
// recording, and watch is the layer whose membranes are to be seen. The answer is
// a [Run]; the payload is the intensities of an image, if there is one.
//
//	{"op": "next", "count": 16}
//
// makes up to so many steps. The answer is {"first": t, "steps": k, "end": bool};
// the payload holds the sections that Run.Sections lists, one after the other,
// each k times its bytes a step, followed by zeros up to a multiple of 8.
package live
