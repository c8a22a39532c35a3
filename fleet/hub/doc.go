// Package hub is a NATS server with all that a fleet needs, inside one process:
// JetStream on disk, a listener for MQTT, accounts of boards, workers and
// operators, and a page that shows the boards.
//
// # Who may do what
//
// A board that speaks NATS has an account of its own: a name space in which there
// is nothing but what the hub lets in and out, so that neither a subject nor the
// reply subject of a request can reach another board. A board that speaks MQTT,
// where requests have no reply subject, shares the account of the hub and may
// publish its own topics and subscribe to nothing. Workers read tasks, inputs and
// models and write results. Operators may do everything.
package hub
