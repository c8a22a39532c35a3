// Package fleet connects boards, workers and operators through NATS or MQTT: what
// boards decide, what a data set is taken for on many machines, and models on
// their way to boards. It holds the clients; package fleet/hub embeds a server.
//
// # Subjects
//
// All that board B says and hears is below snurun.B (topics snurun/B of MQTT):
//
//	snurun.B.decision  a decision                    stream snurun-B, through the spool
//	snurun.B.summary   the end of a run              stream snurun-B, through the spool
//	snurun.B.report    what became of a command      stream snurun-B, through the spool
//	snurun.B.health    the last state                stream snurun-health, the newest alone
//	snurun.B.command   a model to take, or go back   stream snurun-commands, the newest alone
//
// and of batches:
//
//	snurun.task.JOB.KEY          work to do          stream snurun-tasks, a work queue
//	snurun.result.JOB.KEY        what came of it     stream snurun-results, the first alone
//	snurun.failure.JOB.KEY       why nothing did     stream snurun-results, the last alone
//	snurun.disagreement.JOB.KEY  two that differ     stream snurun-disagreements
//
// # What is promised
//
// A decision is written to the spool before it is sent and leaves it when the
// server has it. Over NATS a board's stream has every decision once and in order:
// each message names the sequence number that the stream must be at, and after a
// failure the sender asks for the last message of the stream and goes on behind it. Over MQTT
// (QoS 1) a decision may come twice after a cut, with the same id.
package fleet

import (
	"fmt"
	"regexp"
	"strings"
)

// name is what boards, jobs and workers may be called: one token of a subject,
// one level of a topic, and a file name everywhere.
var name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// reserved are the words that stand where a board's name does.
var reserved = []string{"task", "result", "failure", "disagreement", "api"}

// CheckName returns an error unless s may be the name of a board, a job or a
// worker; what is for the error.
func CheckName(what, s string) error {
	if !name.MatchString(s) {
		return fmt.Errorf("expected a name for the %s of 1 to 64 letters, digits, '-' and '_', found %q", what, s)
	}
	for _, r := range reserved {
		if what == "board" && s == r {
			return fmt.Errorf("expected a name for the board that is none of %s, found %q", strings.Join(reserved, ", "), s)
		}
	}
	return nil
}

// BoardName makes a name for a board of that of its host.
func BoardName(host string) string {
	host, _, _ = strings.Cut(host, ".")
	host = strings.Map(func(r rune) rune {
		if name.MatchString(string(r)) {
			return r
		}
		return '-'
	}, host)
	if host = strings.Trim(host, "-"); host == "" || CheckName("board", host) != nil {
		return "board"
	}
	return host
}

// The subjects below a board's prefix.
const (
	Decision = "decision"
	Summary  = "summary"
	Report   = "report"
	Health   = "health"
	Command  = "command"
)

// Logged are the kinds of messages that a board's stream keeps.
func Logged() []string { return []string{Decision, Summary, Report} }

// Prefix returns the subject that everything of a board is below.
func Prefix(board string) string { return "snurun." + board }

// StreamOf returns the name of the stream that keeps what is published below a
// prefix: snurun-B for snurun.B.
func StreamOf(prefix string) string { return strings.ReplaceAll(prefix, ".", "-") }

// The streams and buckets that all share.
const (
	HealthStream   = "snurun-health"
	CommandStream  = "snurun-commands"
	TaskStream     = "snurun-tasks"
	ResultStream   = "snurun-results"
	DisagreeStream = "snurun-disagreements"
	Workers        = "workers" // the consumer of TaskStream
	ModelBucket    = "snurun-models"
	InputBucket    = "snurun-inputs"
	JobBucket      = "snurun-jobs"
)

// MaxMessage bounds a message: that of a NATS server as it comes.
const MaxMessage = 1 << 20
