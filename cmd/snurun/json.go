package main

import "time"

// schema is the version of what --json prints, docs/JSON.md. Fields are added
// without a new one.
const schema = 1

// stamp is the wall-clock time in JSON, to the millisecond.
func stamp() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") }
