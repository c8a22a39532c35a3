// Command fleetrun plays a fleet on this machine and counts what is lost.
//
//	go run ./internal/tools/fleetrun boards -hub ./snurun-hub -boards 100 -rate 100 -time 10m
//	go run ./internal/tools/fleetrun clock
//	go run ./internal/tools/fleetrun batch -hub ./snurun-hub -snurun ./snurun -samples 100000 -workers 4
//
// boards publishes from simulated boards to a hub that is a process of its own, and
// then reads every stream: each decision must be there, once, in order. It prints
// what the hub took of the processor and of memory.
//
// clock does the same with few boards, where the clocks of the hub and of the boards
// jump ahead and back every three seconds, by up to a month.
//
// batch submits digits as a job and kills workers and the hub with SIGKILL, at
// random moments, while they work; -full fills the hub's disk for a while, which has
// to be a small one. The results must be those of classify, byte for byte, apart
// from the latency.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/fleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.New("expected boards, clock or batch")
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "boards":
			err = boards(ctx, os.Args[2:])
		case "clock":
			err = clock(ctx, os.Args[2:])
		case "batch":
			err = batch(ctx, os.Args[2:])
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "fleetrun: %v\n", err)
		os.Exit(1)
	}
}

// hubProcess is a hub that can be killed and started again.
type hubProcess struct {
	binary, store, address string
	log                    *os.File
	cmd                    *exec.Cmd
}

func newHub(binary, store, dir string) (*hubProcess, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	l.Close()
	log, err := os.Create(filepath.Join(dir, "hub.log"))
	if err != nil {
		return nil, err
	}
	h := &hubProcess{binary: binary, store: store, address: address, log: log}
	return h, h.start()
}

func (h *hubProcess) start() error {
	h.cmd = exec.Command(h.binary, "--listen", h.address, "--mqtt", "", "--page", "", "--store", h.store)
	h.cmd.Stdout, h.cmd.Stderr = h.log, h.log
	if err := h.cmd.Start(); err != nil {
		return err
	}
	for range 1000 {
		conn, err := net.Dial("tcp", h.address)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the hub does not answer: see %s", h.log.Name())
}

// kill ends the hub with SIGKILL.
func (h *hubProcess) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// end lets the hub end by itself.
func (h *hubProcess) end() error {
	if err := h.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return h.cmd.Wait()
}

// streams connects to the streams of the hub at url; end ends that.
func streams(url string) (js jetstream.JetStream, end func(), err error) {
	nc, err := fleet.Connect(fleet.Access{URL: url}, "fleetrun")
	if err != nil {
		return nil, nil, err
	}
	if js, err = jetstream.New(nc); err != nil {
		nc.Close()
		return nil, nil, err
	}
	return js, nc.Close, nil
}
