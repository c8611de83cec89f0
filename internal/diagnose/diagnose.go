// Package diagnose says what is wrong with the way into a cluster: on which object and
// field, why it matters, and what to apply so that it is right. It looks at a snapshot of
// package topology and is pure: the same snapshot and options give the same findings.
//
// What a controller has written into a status is believed. The rules of the APIs only
// find what no controller has said yet, and say which field a controller means; they
// never contradict it.
package diagnose

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// Severity of a finding.
type Severity string

// Severities, the worst first.
const (
	// Error: something does not work.
	Error Severity = "error"
	// Warning: something works in part, or will stop to work.
	Warning Severity = "warning"
	// Info: worth to know.
	Info Severity = "info"
)

// rank orders severities, the worst first.
func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Object names an object.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Namespace of it; empty for cluster-scoped kinds.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String is kind and name, as Gateway "infra/eg".
func (o Object) String() string {
	return o.Kind + " " + quote(topology.Key{Namespace: o.Namespace, Name: o.Name})
}

// Finding is one thing that is wrong.
type Finding struct {
	// Check is the id of the check that found it. Ids do not change.
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Object and Field where it is; no field where the object as a whole is meant.
	Object Object `json:"object"`
	Field  string `json:"field,omitempty"`
	// Problem says in one sentence what is wrong.
	Problem string `json:"problem"`
	// Why it matters.
	Why string `json:"why"`
	Fix Fix    `json:"fix"`
}

// Options of a diagnosis.
type Options struct {
	// Now is the time at which certificates are judged; they are not if it is zero.
	Now metav1.Time
	// Kubernetes is the version of the API server, such as v1.34.2; empty if not known.
	Kubernetes string
	// Namespace limits the findings to objects of one namespace and cluster-scoped ones;
	// empty for all.
	Namespace string
}

// Check is one kind of finding.
type Check struct {
	// ID of it, in kebab-case. It does not change.
	ID string
	// Finds says in a few words what it finds.
	Finds string
	// Severity is the worst of its findings.
	Severity Severity

	run func(*scene) []Finding
}

// All lists every check, in the order of the way of a request and of the docs.
func All() []Check {
	return []Check{
		gatewayClassMissing(),
		gatewayClassNotAccepted(),
		gatewayAPIMissing(),
		gatewayAPIOutdated(),
		chartVersions(),
		gatewayNotAccepted(),
		gatewayNotProgrammed(),
		gatewayNoAddress(),
		listenerSetNotAllowed(),
		listenerConflict(),
		listenerProtocol(),
		secretMissing(),
		secretNotGranted(),
		secretWrongType(),
		certificateExpired(),
		certificateExpiring(),
		certificateHostname(),
		certificateNotReady(),
		routeParentMissing(),
		routeSectionMissing(),
		routePortMismatch(),
		routeKindNotAllowed(),
		routeNamespaceNotAllowed(),
		routeHostnameMismatch(),
		routeNotAccepted(),
		routeNotResolved(),
		routeConflict(),
		backendMissing(),
		backendPort(),
		backendNotGranted(),
		backendNoEndpoints(),
		timeoutRefused(),
		timeoutIgnored(),
		streamCut(),
		policyTargetMissing(),
		policyConflict(),
		policyOverridden(),
		ingressAndRoute(),
		ingressClass(),
		scaleNeverWakes(),
		scalerBypassed(),
		scalerRequestRate(),
		interceptorNotServing(),
		externalMetrics(),
		podMonitorNotSelected(),
		releaseStuck(),
		releaseLoop(),
		deletionBlocked(),
	}
}

// Diagnose runs every check. Findings stand by object, those with the worst finding
// first, and at one object by severity, field and check.
// An error is a mistake in the tables of this repository.
func Diagnose(s *topology.Snapshot, o Options) ([]Finding, error) {
	t, err := loadTables()
	if err != nil {
		return nil, err
	}
	x := newScene(s, o, t)
	var out []Finding
	for _, c := range All() {
		for _, f := range c.run(x) {
			if o.Namespace != "" && f.Object.Namespace != "" && f.Object.Namespace != o.Namespace {
				continue
			}
			f.Check = c.ID
			f.Severity = cmp.Or(f.Severity, c.Severity)
			out = append(out, f)
		}
	}
	order(out)
	return out, nil
}

// tables of facts that checks rely on.
type tables struct {
	compatibility *catalog.Compatibility
	controllers   *catalog.Controllers
}

func loadTables() (tables, error) {
	compatibility, err := catalog.LoadCompatibility()
	if err != nil {
		return tables{}, err
	}
	controllers, err := catalog.LoadControllers()
	if err != nil {
		return tables{}, err
	}
	return tables{compatibility, controllers}, nil
}

func order(findings []Finding) {
	worst := map[Object]int{}
	for _, f := range findings {
		if rank, seen := worst[f.Object]; !seen || f.Severity.rank() < rank {
			worst[f.Object] = f.Severity.rank()
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(worst[a.Object], worst[b.Object]),
			compareObjects(a.Object, b.Object),
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Check, b.Check),
			cmp.Compare(a.Problem, b.Problem),
		)
	})
}

func compareObjects(a, b Object) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.APIVersion, b.APIVersion))
}

// Worst is the worst severity of some findings; empty if there are none.
func Worst(findings []Finding) Severity {
	out := Severity("")
	for _, f := range findings {
		if out == "" || f.Severity.rank() < out.rank() {
			out = f.Severity
		}
	}
	return out
}
