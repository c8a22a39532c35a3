//go:build js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"syscall/js"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/serve/live"
	"github.com/snurun/snurun/spike"
)

// main puts an object snurun into the worker that runs it:
//
//	snurun.load(name, file, names, files, labels)   a card as JSON; files are recordings to choose from
//	snurun.ask(name, message)                       the answer to a message of package live
//
// What goes wrong with a model is an Error that load returns.
func main() {
	watches := map[string]*live.Watch{}
	js.Global().Set("snurun", js.ValueOf(map[string]any{
		"load": js.FuncOf(func(_ js.Value, args []js.Value) any {
			name := args[0].String()
			card, watch, err := load(name, args[1], args[2], args[3], args[4])
			if err != nil {
				return js.Global().Get("Error").New(err.Error())
			}
			watches[name] = watch
			return card
		}),
		"ask": js.FuncOf(func(_ js.Value, args []js.Value) any {
			return array(watches[args[0].String()].Answer(context.Background(), goBytes(args[1])))
		}),
	}))
	js.Global().Call("ready")
	select {}
}

// load compiles and proves a model.
func load(name string, file, names, files, labels js.Value) (string, *live.Watch, error) {
	m, info, err := export.ReadInfo(bytes.NewReader(goBytes(file)))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	tested, err := live.Prove(net, m.SelfTest)
	if err != nil {
		if !errors.Is(err, runtime.ErrSelfTest) {
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
		tested.Result = err.Error() // shown: here nothing depends on it
	}
	var samples dataset.Source
	if files.Length() > 0 {
		if samples, err = recordings(net, names, files, labels); err != nil {
			return "", nil, err
		}
	}
	watched, err := live.NewModel(net, samples, m.SelfTest)
	if err != nil {
		return "", nil, err
	}
	card, err := json.Marshal(live.NewCard(name, m, net, info, tested))
	return string(card), watched.NewWatch(), err
}

// recordings returns files, each of one recording, as one source.
func recordings(net *runtime.Network, names, files, labels js.Value) (dataset.Source, error) {
	in := net.Input()
	var inputs []spike.Input
	var classes []int
	for i := range files.Length() {
		name := names.Index(i).String()
		s, err := dataset.Read(bytes.NewReader(goBytes(files.Index(i))), name, net.Model())
		if err != nil {
			return nil, err
		}
		x := in.New(dataset.Steps(s, net.Steps()))
		if err := s.Load(x, 0, dataset.Key{}); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		inputs = append(inputs, x)
		classes = append(classes, slices.Index(net.Classes(), labels.Index(i).String()))
	}
	return dataset.FromInputs(inputs, in.Shape, classes, net.Classes())
}

func goBytes(v js.Value) []byte {
	b := make([]byte, v.Get("byteLength").Int())
	js.CopyBytesToGo(b, v)
	return b
}

func array(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}
