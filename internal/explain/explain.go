// Package explain follows one request through a cluster, hop by hop: which Gateway and
// listener take it, which route and rule win it and why, what is done to it, which clock
// would cut it, and which pods answer, or where it stops. It looks at a snapshot of package
// topology and at what package diagnose found in it, and is pure: the same input gives the
// same explanation.
package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/streaming"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// APIVersion and ExplanationKind of an explanation. The version changes when a field goes
// or changes its meaning; fields are added without that.
const (
	APIVersion      = "explain.devopstoolkit.ai/v1"
	ExplanationKind = "Explanation"
)

// ErrInput is wrapped by errors about what was asked, rather than about this program.
var ErrInput = errors.New("wrong input")

// Outcome is what becomes of the request.
type Outcome string

// Outcomes.
const (
	// Arrives: a pod answers, as far as can be seen.
	Arrives Outcome = "arrives"
	// Partly: it arrives at some backends and not at others.
	Partly Outcome = "partly"
	// Answered: the Gateway answers by itself, as a redirect does.
	Answered Outcome = "answered"
	// Elsewhere: another route or Ingress gets it.
	Elsewhere Outcome = "elsewhere"
	// Stops: nobody who was meant answers.
	Stops Outcome = "stops"
)

// Explanation is the way of a request, as gatehouse explain -o json writes it.
type Explanation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Object that was asked about.
	Object  diagnose.Object `json:"object"`
	Request Request         `json:"request"`
	Outcome Outcome         `json:"outcome"`
	// Summary says in one sentence what becomes of the request, and why.
	Summary string `json:"summary"`
	// Stop is where the request stops, or that part of it which does not arrive.
	Stop *Stop `json:"stop,omitempty"`
	// Hops from outside to the rule that sends it on.
	Hops []Hop `json:"hops"`
	// Backends of that rule.
	Backends []Backend `json:"backends,omitempty"`
	// Findings on the way, as gatehouse diagnose tells them.
	Findings []diagnose.Finding `json:"findings"`
	// Unseen are the kinds that could not be judged: something may be missing here.
	Unseen []topology.Unseen `json:"unseen,omitempty"`
}

// Request is the request that is followed.
type Request struct {
	URL    string `json:"url"`
	Method string `json:"method"`
	// Host it is for; empty for a call by address.
	Host string `json:"host,omitempty"`
	Path string `json:"path"`
	// Headers are the names of those that it has; values are never told.
	Headers []string `json:"headers,omitempty"`
	// Taken are the parts that were not given, but taken from the object.
	Taken []string `json:"taken,omitempty"`
}

// Kinds of hops.
const (
	HopClass     = "class"
	HopGateway   = "gateway"
	HopListener  = "listener"
	HopRoute     = "route"
	HopFilters   = "filters"
	HopClocks    = "clocks"
	HopIngress   = "ingress"
	HopService   = "service"
	HopScaler    = "scaler"
	HopEndpoints = "endpoints"
)

// Hop is one step of the way.
type Hop struct {
	// Kind is class, gateway, listener, route, filters, clocks, ingress, service, scaler
	// or endpoints.
	Kind string `json:"kind"`
	// Object, and the field of it that is meant.
	Object *diagnose.Object `json:"object,omitempty"`
	Field  string           `json:"field,omitempty"`
	// Text says in one line what happens here, Details what else is known.
	Text    string   `json:"text"`
	Details []string `json:"details,omitempty"`
	// PassedOver could have been this hop, and are not.
	PassedOver []PassedOver `json:"passedOver,omitempty"`
	// Limit of a stream, at clocks.
	Limit *streaming.Limit `json:"limit,omitempty"`
	// Ready endpoints, at endpoints; absent where they are not known.
	Ready *int `json:"ready,omitempty"`
	// Endpoints, the ready ones first: the first 20.
	Endpoints []topology.Endpoint `json:"endpoints,omitempty"`
	// Checks of diagnose that found something here; Findings of the explanation have more.
	Checks []string `json:"checks,omitempty"`
	// Stops says why the request goes no further; empty if it does.
	Stops string `json:"stops,omitempty"`

	// check that says why the request stops here; empty where none does.
	check string
	warns bool
}

// PassedOver is what could have been a hop.
type PassedOver struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Backend of a rule, and the way behind it.
type Backend struct {
	// Object that the rule sends to.
	Object diagnose.Object `json:"object"`
	Port   int32           `json:"port,omitempty"`
	Weight int32           `json:"weight"`
	// Share of the requests in percent.
	Share int `json:"share"`
	// Hops from the backend to the pods.
	Hops []Hop `json:"hops"`
	// Stops says why requests do not arrive there; empty if they do.
	Stops string `json:"stops,omitempty"`
}

// Stop is where a request stops.
type Stop struct {
	// Hop is the kind of the hop.
	Hop    string           `json:"hop"`
	Object *diagnose.Object `json:"object,omitempty"`
	Reason string           `json:"reason"`
	// Check of diagnose that says why; empty where none does.
	Check string `json:"check,omitempty"`
}

// Options say which request is followed. What is left out is taken from the route.
type Options struct {
	Host, Path, Method string
	// Headers by name.
	Headers map[string]string
	// Gateway that the request comes to, as name or namespace/name, and its port.
	Gateway string
	Port    int32
}

// Explain follows a request that is meant for a route or an Ingress. The findings are
// those of diagnose for all of the snapshot. Errors wrap ErrInput.
func Explain(s *topology.Snapshot, findings []diagnose.Finding, t Target, o Options) (*Explanation, error) {
	w := &way{Snapshot: s, options: o, findings: map[diagnose.Object][]diagnose.Finding{}}
	for _, f := range findings {
		w.findings[f.Object] = append(w.findings[f.Object], f)
	}
	w.out = &Explanation{
		APIVersion: APIVersion, Kind: ExplanationKind, Hops: []Hop{}, Findings: []diagnose.Finding{},
		Unseen: diagnose.NewReport(nil, s.Unseen).Unseen,
	}
	if err := w.follow(t); err != nil {
		return nil, err
	}
	w.conclude()
	return w.out, nil
}

// Fails says that the request does not arrive where it was meant to.
func (e *Explanation) Fails() bool { return e.Outcome != Arrives && e.Outcome != Answered }

// JSON writes the explanation.
func (e *Explanation) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// way is a request being followed.
type way struct {
	*topology.Snapshot

	options  Options
	findings map[diagnose.Object][]diagnose.Finding
	out      *Explanation

	// routes are all of them, and asked the one that was asked about; none for an Ingress.
	routes []topology.Facts
	asked  *topology.Facts
	// request as routes see it.
	request topology.Request
	// elsewhere says who gets the request instead, and why; empty if nobody does.
	elsewhere string
	// answered says how the Gateway answers by itself; empty if it does not.
	answered string
}

// hop adds a step of the way.
func (w *way) hop(h Hop) { w.out.Hops = append(w.out.Hops, h) }

// tell puts findings at a hop, each at the first that wants it. The first error among them
// is why the request stops there.
func (w *way) tell(h *Hop, object diagnose.Object, wanted func(diagnose.Finding) bool) {
	for _, f := range w.findings[object] {
		told := slices.ContainsFunc(w.out.Findings, func(known diagnose.Finding) bool { return sameFinding(known, f) })
		if told || !wanted(f) {
			continue
		}
		w.out.Findings = append(w.out.Findings, f)
		if !slices.Contains(h.Checks, f.Check) {
			h.Checks = append(h.Checks, f.Check)
		}
		h.warns = h.warns || f.Severity != diagnose.Info
		if h.Stops == "" && f.Severity == diagnose.Error {
			h.Stops, h.check = f.Problem, f.Check
		}
	}
}

func sameFinding(a, b diagnose.Finding) bool {
	return a.Check == b.Check && a.Object == b.Object && a.Field == b.Field && a.Problem == b.Problem
}

func anything(diagnose.Finding) bool { return true }

// at wants findings about a field, or one below it.
func at(field string) func(diagnose.Finding) bool {
	return func(f diagnose.Finding) bool {
		rest, ok := strings.CutPrefix(f.Field, field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
}

// exactly wants findings about a field itself.
func exactly(field string) func(diagnose.Finding) bool {
	return func(f diagnose.Finding) bool { return f.Field == field }
}

// either wants what one of several wants.
func either(all ...func(diagnose.Finding) bool) func(diagnose.Finding) bool {
	return func(f diagnose.Finding) bool {
		return slices.ContainsFunc(all, func(wants func(diagnose.Finding) bool) bool { return wants(f) })
	}
}

// conclude says what becomes of the request.
func (w *way) conclude() {
	e := w.out
	stopping := slices.IndexFunc(e.Hops, func(h Hop) bool { return h.Stops != "" })
	switch {
	case w.elsewhere != "":
		e.Outcome, e.Summary = Elsewhere, w.elsewhere
	case stopping >= 0:
		e.stop(e.Hops[stopping])
	case w.answered != "":
		e.Outcome, e.Summary = Answered, w.answered
	default:
		e.concludeBackends()
	}
}

// stop says that a request goes no further than a hop.
func (e *Explanation) stop(h Hop) {
	e.Outcome = Stops
	e.Stop = e.stopAt(h)
	e.Summary = fmt.Sprintf("The request stops at %s: %s", h.name(), h.Stops)
}

func (e *Explanation) stopAt(h Hop) *Stop {
	return &Stop{Hop: h.Kind, Object: h.Object, Reason: h.Stops, Check: h.check}
}

// name of a hop in a sentence.
func (h Hop) name() string {
	if h.Object == nil {
		return "its " + h.Kind
	}
	if h.Kind == HopListener {
		return "a listener of " + h.Object.String()
	}
	return h.Object.String()
}

func (e *Explanation) concludeBackends() {
	lost, ready, known := 0, 0, true
	var last Hop
	for _, b := range e.Backends {
		if b.Stops == "" {
			n, counted := b.ready()
			ready, known = ready+n, known && (counted || b.Weight == 0)
			continue
		}
		if b.Weight == 0 {
			continue
		}
		lost += b.Share
		if i := slices.IndexFunc(b.Hops, func(h Hop) bool { return h.Stops != "" }); i >= 0 && e.Stop == nil {
			last = b.Hops[i]
			e.Stop = e.stopAt(last)
		}
	}
	switch {
	case e.Stop == nil && known && ready > 0:
		e.Outcome, e.Summary = Arrives, fmt.Sprintf("The request arrives: %d %s ready.", ready, plural(ready, "endpoint is", "endpoints are"))
	case e.Stop == nil:
		e.Outcome, e.Summary = Arrives, "Nothing stops the request, as far as can be seen."
	case e.allLost():
		e.stop(last)
	default:
		e.Outcome, e.Summary = Partly, fmt.Sprintf("%d %% of the requests stop at %s: %s", lost, last.name(), last.Stops)
	}
}

// allLost says that no backend that gets requests answers them.
func (e *Explanation) allLost() bool {
	return !slices.ContainsFunc(e.Backends, func(b Backend) bool { return b.Weight > 0 && b.Stops == "" })
}

// ready endpoints of the last Service behind a backend, where they are known.
func (b Backend) ready() (n int, known bool) {
	for _, h := range b.Hops {
		if h.Kind == HopEndpoints && h.Ready != nil {
			n, known = *h.Ready, true
		}
	}
	return n, known
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
