package serve

import (
	"net/http"

	"github.com/snurun/snurun/serve/live"
)

// cards answers GET /api/models.
func (s *Server) cards(w http.ResponseWriter, _ *http.Request) {
	cards := []*live.Card{}
	for _, m := range s.models.all() {
		cards = append(cards, m.Card())
	}
	writeJSON(w, http.StatusOK, cards)
}
