package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// mqttWindow is how many messages are on their way at once: brokers hold few.
const mqttWindow = 20

// mqttLink publishes to a broker with QoS 1.
type mqttLink struct {
	p     *Publisher
	t     target
	topic string

	lock   sync.Mutex
	client mqtt.Client // nil without a connection
}

func newMQTT(p *Publisher, t target) (link, error) {
	l := &mqttLink{p: p, t: t, topic: strings.ReplaceAll(p.prefix, ".", "/")}
	if p.o.Discovery != "" && !goodPrefix(strings.ReplaceAll(p.o.Discovery, "/", ".")) {
		return nil, fmt.Errorf("fleet: discovery below topic %q, expected one such as homeassistant", p.o.Discovery)
	}
	if _, err := l.newOptions(); err != nil {
		return nil, err
	}
	return l, nil
}

// newOptions reads the credentials anew, so that they can be changed.
func (l *mqttLink) newOptions() (*mqtt.ClientOptions, error) {
	a := &l.p.o.Access
	s, err := a.secret()
	if err != nil {
		return nil, err
	}
	if s.file != "" {
		return nil, fmt.Errorf("fleet: credentials %s: found NATS credentials, expected a line USER:PASSWORD for MQTT", a.Credentials)
	}
	secure, err := a.secure(l.t.scheme == "mqtts")
	if err != nil {
		return nil, err
	}
	o := mqtt.NewClientOptions()
	kind := "tcp://"
	if secure != nil {
		kind = "ssl://"
		o.SetTLSConfig(secure)
	}
	for _, h := range l.t.hosts {
		o.AddBroker(kind + h)
	}
	user, password := s.user, s.password
	if s.token != "" {
		user, password = l.p.o.Board, s.token
	}
	o.SetUsername(user).SetPassword(password)
	// What is sent again after a cut is what the spool has; the broker keeps no
	// session of a publisher.
	o.SetClientID("snurun-" + strings.ReplaceAll(l.p.prefix, ".", "-")).SetProtocolVersion(4)
	o.SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false)
	o.SetConnectTimeout(10 * time.Second).SetWriteTimeout(10 * time.Second)
	o.SetKeepAlive(10 * time.Second).SetPingTimeout(10 * time.Second)
	o.SetBinaryWill(l.topic+"/"+Health, encodeState(State{Board: l.p.o.Board, State: Offline}), 1, true)
	return o, nil
}

func (l *mqttLink) close() {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.client != nil {
		l.client.Disconnect(250)
		l.client = nil
	}
}

func (l *mqttLink) health(data []byte) {
	l.lock.Lock()
	c := l.client
	l.lock.Unlock()
	if c != nil {
		t := c.Publish(l.topic+"/"+Health, 1, true, data)
		t.WaitTimeout(time.Second) // the next one follows
	}
}

// session implements link.
func (l *mqttLink) session(ctx context.Context, up func()) error {
	o, err := l.newOptions()
	if err != nil {
		return err
	}
	lost := make(chan error, 1)
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) {
		select {
		case lost <- err:
		default:
		}
	})
	c := mqtt.NewClient(o)
	defer func() {
		l.lock.Lock()
		l.client = nil
		l.lock.Unlock()
		c.Disconnect(250)
	}()
	if err := wait(ctx, c.Connect(), lost); err != nil {
		return err
	}
	for _, d := range l.announcements() {
		if err := wait(ctx, c.Publish(d.topic, 1, true, d.payload), lost); err != nil {
			return err
		}
	}
	l.lock.Lock()
	l.client = c
	l.lock.Unlock()
	l.p.lock.Lock()
	state := l.p.state
	l.p.lock.Unlock()
	if state.Board != "" {
		if err := wait(ctx, c.Publish(l.topic+"/"+Health, 1, true, encodeState(state)), lost); err != nil {
			return err
		}
	}
	up()
	return l.send(ctx, c, lost)
}

// wait waits for a token.
func wait(ctx context.Context, t mqtt.Token, lost <-chan error) error {
	expire := time.NewTimer(15 * time.Second)
	defer expire.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case err := <-lost:
		return errors.Join(errors.New("the connection was lost"), err)
	case <-ctx.Done():
		return ctx.Err()
	case <-expire.C:
		return errors.New("no answer within 15s")
	}
}

// send publishes the spool, in order.
func (l *mqttLink) send(ctx context.Context, c mqtt.Client, lost <-chan error) error {
	type flight struct {
		seq   uint64
		token mqtt.Token
	}
	var flying []flight
	var last uint64
	for {
		for len(flying) < mqttWindow {
			r, ok, err := l.p.spool.Next(last)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			flying = append(flying, flight{r.Seq, c.Publish(l.topic+"/"+r.Kind, 1, false, l.p.message(r))})
			last = r.Seq
		}
		if len(flying) > 0 {
			if err := wait(ctx, flying[0].token, lost); err != nil {
				return err
			}
			l.p.spool.Ack(flying[0].seq)
			flying = flying[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			return errors.Join(errors.New("the connection was lost"), err)
		case <-l.p.spool.Wake():
		}
	}
}

// announcement is a retained message by which Home Assistant finds a sensor.
type announcement struct {
	topic   string
	payload []byte
}

// announcements returns what Home Assistant is told: its documentation of MQTT
// discovery says what the fields mean.
func (l *mqttLink) announcements() (all []announcement) {
	if l.p.o.Discovery == "" {
		return nil
	}
	id := "snurun_" + strings.ReplaceAll(l.p.prefix, ".", "_")
	device := map[string]any{"identifiers": []string{id}, "name": l.p.o.Board, "manufacturer": "snurun"}
	for _, s := range []struct {
		field, title, topic, template, unit, class string
		diagnostic                                 bool
	}{
		{"decision", "Decision", Decision, "{{ value_json.name if value_json.name is defined else value_json.class }}", "", "", false},
		{"rate", "Decisions a second", Health, "{{ value_json.decisions_per_s | round(2) }}", "1/s", "", true},
		{"lag", "Lag", Health, "{{ (value_json.lag_us / 1000) | round(1) }}", "ms", "duration", true},
		{"temperature", "Temperature", Health, "{{ value_json.temperature_c }}", "°C", "temperature", true},
		{"model", "Model", Health, "{{ value_json.model[:12] }}", "", "", true},
	} {
		c := map[string]any{
			"name": s.title, "unique_id": id + "_" + s.field, "object_id": l.p.o.Board + "_" + s.field, "device": device,
			"state_topic": l.topic + "/" + s.topic, "value_template": s.template,
			"availability_topic":    l.topic + "/" + Health,
			"availability_template": "{{ 'online' if value_json.state == 'running' else 'offline' }}",
		}
		if s.field == "decision" {
			c["json_attributes_topic"] = l.topic + "/" + s.topic
		}
		if s.unit != "" {
			c["unit_of_measurement"], c["state_class"] = s.unit, "measurement"
		}
		if s.class != "" {
			c["device_class"] = s.class
		}
		if s.diagnostic {
			c["entity_category"] = "diagnostic"
		}
		payload, err := json.Marshal(c)
		if err != nil {
			continue
		}
		all = append(all, announcement{l.p.o.Discovery + "/sensor/" + id + "/" + s.field + "/config", payload})
	}
	return all
}
