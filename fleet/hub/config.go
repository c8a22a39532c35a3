package hub

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/snurun/snurun/fleet"
)

// insider is the user that the hub itself connects as.
const insider = "snurun-hub"

const (
	hubAccount    = "HUB"
	systemAccount = "SYS"
)

// object is a part of a configuration.
type object = map[string]any

// config returns the configuration of the server in the form of NATS, of which JSON
// is a subset. secret is the hash of the insider's password.
func (o *Options) config(users []User, secret string) (string, error) {
	host, port, err := address(o.Listen)
	if err != nil {
		return "", err
	}
	js := object{"store_dir": o.Store}
	if o.Sync == 0 {
		js["sync_interval"] = "always"
	} else {
		js["sync_interval"] = o.Sync.String()
	}
	if o.StoreBytes > 0 {
		js["max_file_store"] = o.StoreBytes
	}
	c := object{
		"server_name": o.Name, "host": host, "port": port,
		"max_payload": fleet.MaxMessage, "max_control_line": 4096, "ping_interval": "20s", "ping_max": 2,
		"jetstream": js,
	}
	if o.MQTT != "" {
		host, port, err := address(o.MQTT)
		if err != nil {
			return "", err
		}
		mqtt := object{"host": host, "port": port}
		if o.Cert != "" {
			mqtt["tls"] = o.tls()
		}
		c["mqtt"] = mqtt
	}
	if o.Cert != "" {
		c["tls"] = o.tls()
	}
	if users != nil {
		c["accounts"] = accounts(users, secret)
		c["system_account"] = systemAccount
	}
	return configText(c)
}

// Accounts returns the accounts of users in the form of NATS, to be included in the
// configuration of a server or a cluster of one's own.
func Accounts(users []User) (string, error) {
	return configText(object{"accounts": accounts(users, ""), "system_account": systemAccount})
}

// configText writes JSON as the server reads it, which knows no escapes \u.
func configText(c object) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(c)
	return b.String(), err
}

func (o *Options) tls() object {
	t := object{"cert_file": o.Cert, "key_file": o.Key, "timeout": 5}
	if o.CA != "" {
		t["ca_file"], t["verify"] = o.CA, true
	}
	return t
}

func address(text string) (host string, port int, err error) {
	host, number, err := net.SplitHostPort(text)
	if err == nil {
		port, err = strconv.Atoi(number)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("hub: address %q, expected HOST:PORT such as 127.0.0.1:4222", text)
	}
	if port == 0 {
		port = -1 // one that is free
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return host, port, nil
}

// accounts returns what each user may do.
func accounts(users []User, secret string) object {
	// Subjects that begin with "snurun." and the API are those of the hub's account.
	var hubUsers, exports []any
	all := object{systemAccount: object{}}
	if secret != "" {
		hubUsers = append(hubUsers, object{"user": insider, "password": secret, "allowed_connection_types": []string{"IN_PROCESS"}})
	}
	for _, u := range users {
		login := object{"user": u.Name, "password": u.Hash}
		prefix := fleet.Prefix(u.Name)
		switch u.Role {
		case Operator:
			login["allowed_connection_types"] = []string{"STANDARD", "MQTT"}
			hubUsers = append(hubUsers, login)
		case Worker:
			login["allowed_connection_types"] = []string{"STANDARD"}
			login["permissions"] = workerMay(u.Name)
			hubUsers = append(hubUsers, login)
		case MQTTBoard:
			login["allowed_connection_types"] = []string{"MQTT"}
			var publish []string
			for _, kind := range append(fleet.Logged(), fleet.Health) {
				publish = append(publish, prefix+"."+kind)
			}
			id := "snurun_" + strings.ReplaceAll(prefix, ".", "_")
			publish = append(publish, "homeassistant.sensor."+id+".*.config")
			login["permissions"] = object{"publish": object{"allow": publish}, "subscribe": object{"deny": []string{">"}}}
			hubUsers = append(hubUsers, login)
		case Board:
			account := "BOARD-" + u.Name
			login["allowed_connection_types"] = []string{"STANDARD"}
			only := []string{account}
			var imports []any
			service := func(subject string) {
				exports = append(exports, object{"service": subject, "accounts": only})
				imports = append(imports, serviceImport(subject))
			}
			for _, kind := range append(fleet.Logged(), fleet.Health) {
				service(prefix + "." + kind)
			}
			stream := fleet.StreamOf(prefix)
			service(jsAPI + "STREAM.INFO." + stream)
			service(jsAPI + "DIRECT.GET." + stream)
			service(jsAPI + "DIRECT.GET." + fleet.CommandStream + "." + prefix + "." + fleet.Command)
			// What all boards read is exported once, below.
			for _, s := range modelReads() {
				imports = append(imports, serviceImport(s))
			}
			exports = append(exports, object{"stream": prefix + "." + fleet.Command, "accounts": only})
			imports = append(imports, object{"stream": object{"account": hubAccount, "subject": prefix + "." + fleet.Command}})
			all[account] = object{"users": []any{login}, "imports": imports}
		}
	}
	for _, s := range modelReads() {
		exports = append(exports, object{"service": s})
	}
	all[hubAccount] = object{"jetstream": "enabled", "users": hubUsers, "exports": exports}
	return all
}

// jsAPI is the prefix of the API of JetStream.
const jsAPI = "$JS.API."

// serviceImport lets a board ask for something of the hub's account: what is of the
// API goes by another name, as that is taken by JetStream in every account.
func serviceImport(subject string) object {
	i := object{"service": object{"account": hubAccount, "subject": subject}}
	if rest, ok := strings.CutPrefix(subject, jsAPI); ok {
		i["to"] = fleet.HubAPI + rest
	}
	return i
}

// modelReads are the requests that read models.
func modelReads() []string {
	stream := jsAPI + "DIRECT.GET.OBJ_" + fleet.ModelBucket
	return []string{stream, stream + ".>"}
}

// workerMay returns the permissions of a worker.
func workerMay(name string) object {
	publish := []string{
		jsAPI + "INFO",
		jsAPI + "STREAM.INFO." + fleet.TaskStream, jsAPI + "CONSUMER.INFO." + fleet.TaskStream + "." + fleet.Workers,
		jsAPI + "CONSUMER.MSG.NEXT." + fleet.TaskStream + "." + fleet.Workers,
		"$JS.ACK." + fleet.TaskStream + "." + fleet.Workers + ".>",
		jsAPI + "DIRECT.GET." + fleet.ResultStream + ".>",
		"snurun.result.>", "snurun.failure.>", "snurun.disagreement.>",
	}
	for _, b := range []string{fleet.ModelBucket, fleet.InputBucket} {
		publish = append(publish, jsAPI+"DIRECT.GET.OBJ_"+b, jsAPI+"DIRECT.GET.OBJ_"+b+".>")
	}
	return object{
		"publish":   object{"allow": publish},
		"subscribe": object{"allow": []string{"_INBOX." + name + ".>"}},
	}
}
