package install

// State is how far a thing is.
type State string

// The states of a thing, in their order.
const (
	// Held: it waits for others.
	Held State = "held"
	// Working: it is being applied, installed or removed.
	Working State = "working"
	// Settling: it is there, and not ready yet.
	Settling State = "settling"
	// Done: it is ready, or gone.
	Done State = "done"
	// Failed: it is not what it should be.
	Failed State = "failed"
)

// Event says how far a thing is.
type Event struct {
	// Key of the thing; Group is the part of the Cluster that it belongs to, and Text
	// says what it is.
	Key, Group, Text string
	State            State
	// Detail says more: what is done, or waited for, or what went wrong.
	Detail string
}

func (w want) event(state State, detail string) Event {
	return Event{Key: w.key, Group: w.group, Text: w.text, State: state, Detail: detail}
}
