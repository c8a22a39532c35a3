package serve

import "net/http"

// live answers GET /api/live?model=NAME, a WebSocket on which a client watches a
// network run.
//
// The client asks for a run by a text message, one JSON object:
//
//	{"input": {"image": [784 numbers of 0 to 255]}        an image for the encoder
//	        | {"file": "base64 of a file", "name": "a.bs2"}  anything that classify takes
//	        | {"sample": 3}                               one of the samples of the program
//	        | {"events": [[t, x, y, p], …]},
//	 "seed": 1, "steps": 0,
//	 "membrane": {"layer": 0, "neurons": [0, 7]}}
//
// The server answers with a text message, the header of the run (model, version,
// steps, layers and their sizes, the file's name, remarks), then a frame a step:
// input spikes, spikes of all layers, the membranes asked for, scores and the
// decision so far; at the end the result and its latency. A further message from the
// client begins another run, or changes what is recorded. A message that makes no
// sense is answered by {"error": "…"}.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	m, err := s.models.get(r.URL.Query().Get("model"), "")
	if err != nil {
		writeError(w, err)
		return
	}
	_ = m
	http.Error(w, "the live view is not there", http.StatusNotImplemented)
}
