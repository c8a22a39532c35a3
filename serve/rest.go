package serve

import (
	"net/http"
	"strconv"
)

// The metadata of the Open Inference Protocol.
type (
	serverMetadata struct {
		Name       string   `json:"name"`
		Version    string   `json:"version"`
		Extensions []string `json:"extensions"`
	}
	tensorMetadata struct {
		Name     string `json:"name"`
		Datatype string `json:"datatype"`
		Shape    []int  `json:"shape"`
	}
	modelMetadata struct {
		Name       string            `json:"name"`
		Versions   []string          `json:"versions"`
		Platform   string            `json:"platform"`
		Inputs     []tensorMetadata  `json:"inputs"`
		Outputs    []tensorMetadata  `json:"outputs"`
		Properties map[string]string `json:"properties"`
	}
	ready struct {
		Name  string `json:"name,omitempty"`
		Ready bool   `json:"ready"`
	}
)

func (s *Server) serverLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Live bool `json:"live"`
	}{true})
}

func (s *Server) serverReady(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, ready{Ready: true})
}

func (s *Server) modelReady(w http.ResponseWriter, r *http.Request) {
	m, err := s.models.get(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, ready{Name: m.name, Ready: true})
}

func (s *Server) serverMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.metadata())
}

// metadata describes the server.
func (s *Server) metadata() serverMetadata {
	return serverMetadata{"snurun", s.o.Version, extensions}
}

// extensions are those of Triton that the server has: tensors as raw bytes behind the
// JSON.
var extensions = []string{"binary_tensor_data"}

func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request) {
	m, err := s.models.get(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, m.metadata())
}

// metadata describes the model. What it is beside its tensors stands in properties.
func (m *Model) metadata() modelMetadata {
	c := &m.card
	return modelMetadata{
		Name: m.name, Versions: []string{m.version}, Platform: platform, Inputs: m.inputs(), Outputs: m.outputs(),
		Properties: map[string]string{
			"sha256": c.SHA256, "topology": c.Topology, "encoder": c.Input.Text, "kernel": c.Kernel, "readout": c.Readout,
			"steps": strconv.Itoa(c.Steps), "selftest": c.SelfTest.Result,
		},
	}
}

// platform is what kind of model all are, in the protocol's words PROJECT_FORMAT.
const platform = "snurun_msgpack"
