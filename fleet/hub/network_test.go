package hub

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

// TestCluster publishes to three NATS servers that hold everything three times, of
// which one after the other is killed and started again.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers of others")
	}
	t.Parallel()
	name := program(t, "nats-server")
	dir := t.TempDir()
	var servers [3]*foreign
	var routes, url string
	var clients, peers [3]string
	for i := range servers {
		clients[i], peers[i] = freeAddress(t), freeAddress(t)
		routes += fmt.Sprintf("\"nats://%s\", ", peers[i])
		if i > 0 {
			url += ","
		}
		url += "nats://" + clients[i]
	}
	for i := range servers {
		host, port, _ := net.SplitHostPort(clients[i])
		config := filepath.Join(dir, fmt.Sprint("server-", i))
		text := fmt.Sprintf("server_name: s%d\nhost: %s\nport: %s\njetstream { store_dir: %q }\ncluster { name: c, listen: %q, routes: [%s] }\n",
			i, host, port, filepath.Join(dir, fmt.Sprint("store-", i)), peers[i], routes)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		servers[i] = &foreign{name, clients[i], []string{"-c", config}, nil}
		servers[i].start(t)
	}
	nc, err := fleet.Connect(fleet.Access{URL: url}, "anna")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	keep := fleet.Keep{Batch: 64 << 20, Replicas: 3}
	var why error
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("setup: ", why)
		}
	})
	eventually(t, "a leader", func() bool {
		why = fleet.Setup(withDeadline(t, 10*time.Second), js, keep, []string{"pi-1"})
		return why == nil
	})
	var log logged
	b, err := fleet.NewPublisher(fleet.PublisherOptions{Access: fleet.Access{URL: url}, Board: "pi-1", Spool: filepath.Join(dir, "spool"), Log: log.add})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	publish := func(count int) {
		for range count {
			b.Decision(decision(n))
			n++
			time.Sleep(200 * time.Microsecond)
		}
	}
	publish(500)
	for _, s := range servers {
		s.kill()
		publish(1500)
		// Two of three go on.
		eventually(t, "two servers to take what waits", func() bool { return b.Waiting().Pending == 0 })
		s.start(t)
		publish(1000)
		eventually(t, "the stream's three copies", func() bool {
			s, err := js.Stream(withDeadline(t, 5*time.Second), "snurun-pi-1")
			if err != nil {
				return false
			}
			c := s.CachedInfo().Cluster
			if c == nil || c.Leader == "" || len(c.Replicas) != 2 {
				return false
			}
			for _, r := range c.Replicas {
				if !r.Current {
					return false
				}
			}
			return true
		})
	}
	closeAll(t, b)
	s, err := js.Stream(t.Context(), "snurun-pi-1")
	if err != nil {
		t.Fatal(err)
	}
	if c := s.CachedInfo().Config; c.Replicas != 3 {
		t.Errorf("%d replicas", c.Replicas)
	}
	var numbers []int
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		var d struct{ N int }
		if err := json.Unmarshal(m.Data, &d); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, d.N)
	}
	expectAll(t, numbers, n)
	if t.Failed() {
		t.Log(log.String())
	}
}
