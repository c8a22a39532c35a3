package train

import (
	"math"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// sample is what one sample of a batch keeps until the update: its input and
// what the layers passed on to weights.
type sample struct {
	whole   spike.Input // room for its input
	input   spike.Input // of the steps that it runs for
	targets dataset.Targets
	length  int // steps of the sequence
	start   int // step of the sequence that the window begins with; 0 without windows
	steps   int // that it runs for, at most those of the trainer
	first   int // row of its first step among those of the batch

	key     dataset.Key     // of its noise but that of the input
	carried []*layer.State  // with windows: the states after the last one
	states  []*layer.State  // over all steps; they are its worker's but where kept has one
	kept    []*layer.State  // of layers that passed analog values on
	own     [][]uint64      // of recurrent layers: their spikes, a row a step from before the first on
	passed  [][]uint64      // the same of layers that passed spikes on
	lists   []*layer.Inputs // of the layers whose ways are listed: what came in
	listed  *layer.Inputs   // its input, its worker's
	initial [][]float32     // with initial noise: the membranes of each layer before the first step

	lossValue float64 // of all steps that count
	right     int     // decisions, or of sets outputs that are in the decision and the target
	of        int     // decisions, or of sets outputs that are in either
	counted   int     // 1, or the steps that count
	counts    []int   // spikes of each layer
}

func newSample(t *Trainer) *sample {
	n := len(t.layers)
	s := &sample{
		whole:  t.model.Input.New(t.steps),
		length: t.steps,
		steps:  t.steps,
		states: make([]*layer.State, n),
		kept:   make([]*layer.State, n),
		own:    make([][]uint64, n),
		passed: make([][]uint64, n),
		lists:  make([]*layer.Inputs, n),
		counts: make([]int, n),
	}
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		rows := (t.steps + 1) * spike.Words(l.Out)
		if l.Recurrent && l.Spikes() {
			s.own[i] = make([]uint64, rows)
		}
		if t.ways[i].kept && l.Spikes() {
			s.passed[i] = make([]uint64, rows)
		}
		if (t.ways[i].kept || l.Recurrent) && !l.Spikes() {
			s.kept[i] = l.NewState(t.steps, true)
		}
		if t.ways[i].listed {
			s.lists[i] = layer.NewInputs(t.steps, 0, false)
		}
		if t.windowed {
			s.carried = append(s.carried, l.NewState(0, false))
		}
	}
	return s
}

// together is how many samples a worker runs forward at once: enough to share
// the weights in its caches, few enough that their states stay there.
const together = 4

// scratch belongs to one worker: it is small enough to stay in its caches while
// sample follows sample.
type scratch struct {
	batch   *layer.Batch
	inputs  []*layer.Inputs  // of each sample that runs
	inner   []*layer.Inputs  // of the layer that runs
	next    []*layer.Inputs  // inputs or inner
	states  [][]*layer.State // of each of them, one a layer
	running []*layer.State
	synops  []int64 // not used
	loss    *lossState
	layers  []layerScratch
	once    asm.Inputs // row 0 at each step
	back    layer.Back
	rows    []uint32
	dots    []float32
	delta   []float32 // one row of δ
	plane   []float32 // the errors of a convolution's sums at one step
}

// layerScratch is one layer's share of the backward pass of a sample.
type layerScratch struct {
	slopes  asm.Slopes
	grad    asm.Matrix // errors.Grad
	cost    asm.Matrix // one row of what a spike costs
	opened  int        // steps of an analog layer whose neurons are all open
	open    [][]uint64 // of each step, the neurons whose slope is not 0, if the way back is not direct
	errors  asm.Errors
	current asm.Errors // of the synaptic currents
}

// sums returns the errors whose δ is that of the layer's input sums.
func (ls *layerScratch) sums(l *layer.Layer) *asm.Errors {
	if l.Synapse() != nil {
		return &ls.current
	}
	return &ls.errors
}

func newScratch(t *Trainer) *scratch {
	w := &scratch{
		batch: layer.NewBatch(together), synops: make([]int64, together),
		next: make([]*layer.Inputs, together), running: make([]*layer.State, together),
		loss:   newLossState(t.config.Loss, t.model.Readout.Kind, t.layers[len(t.layers)-1].Out, t.steps),
		layers: make([]layerScratch, len(t.layers)),
	}
	for range together {
		states := make([]*layer.State, len(t.layers))
		for i, l := range t.layers {
			if l != nil {
				states[i] = l.NewState(t.steps, true)
			}
		}
		w.states = append(w.states, states)
		w.inputs, w.inner = append(w.inputs, layer.NewInputs(0, 0, false)), append(w.inner, layer.NewInputs(0, 0, false))
	}
	widest, plane := 0, 0
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		widest = max(widest, l.Units.N, l.In+l.Out+asm.Lanes*4)
		if s := l.Scatter(); s != nil {
			plane = max(plane, s.Sums())
		}
		w.layers[i] = newLayerScratch(t, i, l)
	}
	for k := range t.steps {
		w.once.Rows, w.once.Ends = append(w.once.Rows, 0), append(w.once.Ends, int32(k+1))
	}
	w.rows, w.dots, w.delta = make([]uint32, widest+64), asm.Floats(widest), asm.Floats(widest)
	w.plane = asm.Floats(plane)
	return w
}

func newLayerScratch(t *Trainer, i int, l *layer.Layer) layerScratch {
	n := l.Units.N
	ls := layerScratch{
		slopes: asm.Slopes{Open: asm.NewSteps(t.steps, n)},
		grad:   asm.NewRows(t.steps, n),
		cost:   asm.NewRows(1, n),
	}
	ls.errors = asm.Errors{
		Grad: ls.grad.Data(), Delta: &t.deltas[i], Next: asm.Floats(n),
		Detach: t.config.DetachReset || l.Lateral,
	}
	if l.Units.Output != asm.NoOutput {
		ls.slopes.Surrogate, ls.slopes.Width = t.config.Surrogate.kernel(), t.config.Surrogate.Width
		ls.slopes.D = asm.Floats(t.steps * n)
		ls.errors.Slope = ls.slopes.D
	}
	if t.ways[i].open {
		words := make([]uint64, t.steps*spike.Words(l.Out))
		for k := range t.steps {
			ls.open = append(ls.open, words[k*spike.Words(l.Out):][:spike.Words(l.Out)])
		}
	}
	if l.Scatter() != nil { // its δ is used up sample by sample
		rows := asm.NewRows(t.steps, n)
		ls.errors.Delta = &rows
	}
	if l.Synapse() != nil {
		ls.current = ls.errors
		ls.current.Slope, ls.current.Detach, ls.current.Next = nil, false, asm.Floats(n)
		rows := asm.NewRows(t.steps, n)
		ls.errors.Delta = &rows
		ls.current.Grad = rows.Data()
		// Only the current is learned of these.
		ls.current.Bias, ls.current.Decay, ls.errors.Current = asm.Floats(n), asm.Floats(n), asm.Floats(n)
	}
	return ls
}

// load makes sample i of the source what s presents.
func (s *sample) load(t *Trainer, i int) error {
	s.key = t.freshNoise(i)
	if s.length > s.whole.Steps() {
		s.whole = t.model.Input.New(s.length)
	}
	s.input = spike.Slice(s.whole, 0, s.length)
	return t.source.Load(s.input, i, t.noise(i))
}

// forward encodes the samples with the given indices, at most together, and runs
// the network on them, layer after layer.
func (t *Trainer) forward(w *scratch, samples []*sample, indices []int) error {
	for g, s := range samples {
		if s.start == 0 {
			if err := s.load(t, indices[g]); err != nil {
				return err
			}
		}
		s.input = spike.Slice(s.whole, s.start, s.start+s.steps)
		s.listed = w.inputs[g]
		s.listed.Take(s.input, 0, s.steps)
	}
	n := len(samples)
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		for g, s := range samples {
			inner := w.inner[g]
			if s.lists[i] != nil {
				inner = s.lists[i]
			}
			w.next[g] = l.Feed(inner, s.listed, t.layers, s.states)
			s.states[i] = s.kept[i]
			if s.states[i] == nil {
				s.states[i] = w.states[g][i]
			}
			if s.start == 0 {
				s.states[i].Reset(s.initialMembrane(t, i, s.key))
			} else {
				s.states[i].Continue(s.carried[i])
			}
			w.running[g] = s.states[i]
		}
		w.batch.Run(l, w.running[:n], w.next[:n], w.synops)
		for _, s := range samples {
			s.counts[i] = int(s.states[i].CountSpikes())
			if t.config.Dropout > 0 && i < len(t.layers)-1 && drops(l) {
				s.drop(t, i, s.key)
			}
			s.keep(i, s.steps)
			if t.windowed {
				s.carried[i].Continue(s.states[i])
			}
		}
	}
	return nil
}

// keep copies the spikes of layer i that are needed at the update.
func (s *sample) keep(i, steps int) {
	st := s.states[i]
	for row := range steps + 1 {
		if own := s.own[i]; own != nil {
			spikes := st.Spikes(row)
			copy(own[row*len(spikes):], spikes)
		}
		if passed := s.passed[i]; passed != nil {
			spikes := st.Reaching(row)
			copy(passed[row*len(spikes):], spikes)
		}
	}
}

// backward sets the loss and the gradients of the sample, scaled by scale; its
// δ of step k goes to row first + k of each matrix of t.deltas, its sums
// of δ over the steps to row number of each matrix of t.vectors.
func (s *sample) backward(t *Trainer, w *scratch, label, number int, scale float32) {
	last := len(t.layers) - 1
	grad, n := w.layers[last].errors.Grad, t.layers[last].Units.N
	if t.sequences {
		w.loss.stepGradients(s, s.states[last], grad, n, scale)
	} else {
		s.right, s.of, s.counted = 0, 1, 1
		var right bool
		weight := t.config.classWeight(label)
		if s.lossValue, right = w.loss.gradient(s.states[last], label, grad, n, scale*weight); right {
			s.right = 1
		}
		s.lossValue *= float64(weight)
	}
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		ls := &w.layers[i]
		if l.Units.Output != asm.NoOutput {
			ls.slopes.Evaluate(&l.Units, s.states[i].Trace(), s.steps)
		} else {
			ls.openAll(l, t.steps, s.steps)
		}
		ls.listOpen(l)
		if i < last {
			clear(ls.errors.Grad)
		}
	}
	for i := last; i >= 0; i-- {
		if t.layers[i] == nil {
			continue
		}
		if i < last {
			s.charge(t, w, i, float32(scale*t.cost))
		}
		s.backwardLayer(t, w, i, number, float64(scale))
		s.passDown(t, w, i, number)
	}
}

// openAll makes all neurons of an analog layer, which passes every gradient on, open in
// the first steps of those that there is room for.
func (ls *layerScratch) openAll(l *layer.Layer, room, steps int) {
	if ls.opened == steps {
		return
	}
	ls.opened = steps
	ls.slopes.Open = asm.NewSteps(room, l.Units.N)
	for k := range steps {
		for j := range l.Out {
			ls.slopes.Open.Add(j, k)
		}
	}
}

// listOpen turns the steps at which each unit's slope is not 0 into the neurons
// of each step.
func (ls *layerScratch) listOpen(l *layer.Layer) {
	if len(ls.open) == 0 {
		return
	}
	for _, words := range ls.open {
		clear(words)
	}
	ls.slopes.Open.ByStep(ls.open, l.Order(), l.Out)
}

// backwardLayer walks the steps of layer i backwards and passes Hᵀδ on to the
// layer itself one step before, of a δ that is at most scale·ErrorClip long.
func (s *sample) backwardLayer(t *Trainer, w *scratch, i, number int, scale float64) {
	l, ls, v := t.layers[i], &w.layers[i], &t.vectors[i]
	tr := l.Gates(s.states[i])
	e := ls.sums(l)
	if l.Scatter() == nil {
		e.First = s.first
	}
	e.Current = v.current.samples.Row(number)
	ls.errors.Bias, ls.errors.Decay = v.bias.samples.Row(number), v.decay.samples.Row(number)
	for _, sums := range [][]float32{e.Current, e.Next, ls.errors.Next, ls.errors.Bias, ls.errors.Decay} {
		clear(sums)
	}
	if t.tied(i) {
		defer s.addReset(t, w, i)
	}
	if !l.Recurrent {
		ls.walk(l, s.states[i], tr, 0, s.steps)
		return
	}
	n := l.Units.N
	for k := s.steps - 1; k >= 0; k-- {
		ls.walk(l, s.states[i], tr, k, k+1)
		if k > 0 {
			rows := ls.openRows(w.rows, k-1, l)
			dots := w.dots[:len(rows)]
			asm.DotRows(dots, &l.Weights, rows, e.Next)
			share := within(math.Sqrt(squares(e.Next[:l.Out])), float64(scale*t.config.ErrorClip))
			for m, r := range rows {
				ls.errors.Grad[(k-1)*n+int(r)-l.In] += float32(share * dots[m])
			}
		}
	}
}

// addReset adds to the gradient of the bias of layer i what it is as −θ: a spike
// adds it to the next step's sum.
func (s *sample) addReset(t *Trainer, w *scratch, i int) {
	e, st := &w.layers[i].errors, s.states[i]
	for k := range s.steps { // before the first step of a sequence there is no spike
		delta := rowOf(w.delta, e.Delta, e.First+k)
		for neuron := range st.Spikes(k).All() {
			j := t.units[i][neuron]
			e.Bias[j] += delta[j]
		}
		for neuron, y := range st.Soft(k) {
			j := t.units[i][neuron]
			e.Bias[j] += float32(y * delta[j])
		}
	}
}

// walk walks the steps to−1 … from of the layer backwards: through the
// membranes, then through the synaptic currents.
func (ls *layerScratch) walk(l *layer.Layer, st *layer.State, tr *asm.Trace, from, to int) {
	asm.Backward(&l.Units, tr, &ls.errors, from, to)
	if syn := l.Synapse(); syn != nil {
		asm.Backward(syn, st.Current(), &ls.current, from, to)
	}
}

// openRows lists the rows of the weights of the recurrent layer l for its own
// neurons whose slope at step k is not 0.
func (ls *layerScratch) openRows(rows []uint32, k int, l *layer.Layer) []uint32 {
	rows = rows[:0]
	for j := range l.Out {
		if ls.slopes.Open.Has(j, k) {
			rows = append(rows, uint32(l.In+j))
		}
	}
	return rows
}

// charge adds to the gradients of hidden layer i what a spike costs; one that
// was dropped does not reach other layers. A gradient where the slope is 0 does
// not matter.
func (s *sample) charge(t *Trainer, w *scratch, i int, cost float32) {
	l, ls, st := t.layers[i], &w.layers[i], s.states[i]
	if l.Units.Output == asm.NoOutput {
		return
	}
	if t.config.Dropout > 0 && l.Units.Output == asm.Sigmoidal {
		n := l.Units.N
		for k := range s.steps {
			grad, reaching := ls.errors.Grad[k*n:][:n], st.ReachingSoft(k+1)
			for j := range l.Out {
				if reaching[l.Neuron(j)] == 0 {
					grad[j] = 0
				}
			}
		}
	}
	if t.config.Dropout > 0 && l.Spikes() {
		n := l.Units.N
		for k := range s.steps {
			grad, spikes, reaching := ls.errors.Grad[k*n:][:n], st.Spikes(k+1), st.Reaching(k+1)
			for j := range l.Out {
				if neuron := l.Neuron(j); spikes.Get(neuron) && !reaching.Get(neuron) {
					grad[j] = 0
				}
			}
		}
	}
	if cost != 0 {
		if row := ls.cost.Row(0)[:l.Out]; row[0] != cost { // a new update; padding costs nothing
			for j := range row {
				row[j] = cost
			}
		}
		asm.SumRows(&ls.grad, &ls.cost, &w.once)
	}
}
