package charts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gatehouse-platform/gatehouse/test/schemas"
)

// The two sets of schemas that every rendering has to be valid in.
var (
	pinnedSchemas = sync.OnceValues(func() (*schemas.Set, error) { return schemas.Load(context.Background()) })
	newerSchemas  = sync.OnceValues(func() (*schemas.Set, error) { return schemas.LoadNewer(context.Background()) })
)

// A metadata is what a written object has in every kind below.
type metadata struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// A targetRef is how policies name what they are attached to.
type targetRef struct {
	Group     *string `json:"group"`
	Kind      string  `json:"kind"`
	Name      string  `json:"name"`
	Namespace string  `json:"namespace,omitempty"`
}

type gcpBackendPolicy struct {
	metadata

	Spec struct {
		Default struct {
			TimeoutSec int64 `json:"timeoutSec"`
		} `json:"default"`
		TargetRef targetRef `json:"targetRef"`
	} `json:"spec"`
}

type proxySettingsPolicy struct {
	metadata

	Spec struct {
		TargetRefs []targetRef `json:"targetRefs"`
		Buffering  struct {
			Disable bool `json:"disable"`
		} `json:"buffering"`
		Timeout struct {
			Connect string `json:"connect,omitempty"`
			Read    string `json:"read,omitempty"`
			Send    string `json:"send,omitempty"`
		} `json:"timeout"`
	} `json:"spec"`
}

// healthCheckPolicy as far as HTTP checks go.
type healthCheckPolicy struct {
	metadata

	Spec struct {
		Default struct {
			CheckIntervalSec   int64 `json:"checkIntervalSec,omitempty"`
			TimeoutSec         int64 `json:"timeoutSec,omitempty"`
			HealthyThreshold   int64 `json:"healthyThreshold,omitempty"`
			UnhealthyThreshold int64 `json:"unhealthyThreshold,omitempty"`
			Config             struct {
				Type            string `json:"type"`
				HTTPHealthCheck struct {
					PortSpecification string `json:"portSpecification,omitempty"`
					Port              int64  `json:"port,omitempty"`
					RequestPath       string `json:"requestPath,omitempty"`
				} `json:"httpHealthCheck"`
			} `json:"config"`
		} `json:"default"`
		TargetRef targetRef `json:"targetRef"`
	} `json:"spec"`
}

type routePolicy struct {
	metadata

	Spec struct {
		TargetRef targetRef `json:"targetRef"`
		Default   struct {
			Timeouts struct {
				RouteTimeout string `json:"routeTimeout"`
			} `json:"timeouts"`
		} `json:"default"`
	} `json:"spec"`
}

type backendConfig struct {
	metadata

	Spec struct {
		TimeoutSec int64 `json:"timeoutSec"`
	} `json:"spec"`
}

// A kindByHand is one for whose schema there is no Go module to download: the fields
// that the chart may use are written down here, from the vendor's reference.
type kindByHand struct {
	apiVersion, kind string
	reason           string
	source           string
	decode           func() any
}

func kindsByHand() []kindByHand {
	return []kindByHand{
		{
			apiVersion: "networking.gke.io/v1", kind: "GCPBackendPolicy",
			reason: "the CRD comes with GKE; gke-networking-api holds other kinds of the group",
			source: "https://googlecloudplatform.github.io/gke-gateway-api",
			decode: func() any { return &gcpBackendPolicy{} },
		},
		{
			apiVersion: "networking.gke.io/v1", kind: "HealthCheckPolicy",
			reason: "the CRD comes with GKE; gke-networking-api holds other kinds of the group",
			source: "https://googlecloudplatform.github.io/gke-gateway-api",
			decode: func() any { return &healthCheckPolicy{} },
		},
		{
			apiVersion: "gateway.nginx.org/v1alpha1", kind: "ProxySettingsPolicy",
			reason: "the module proxy has no version of NGINX Gateway Fabric",
			source: "https://docs.nginx.com/nginx-gateway-fabric/reference/api/",
			decode: func() any { return &proxySettingsPolicy{} },
		},
		{
			apiVersion: "alb.networking.azure.io/v1", kind: "RoutePolicy",
			reason: "the controller's source is not public",
			source: "https://learn.microsoft.com/azure/application-gateway/for-containers/api-specification-kubernetes",
			decode: func() any { return &routePolicy{} },
		},
		{
			apiVersion: "cloud.google.com/v1", kind: "BackendConfig",
			reason: "the CRD comes with GKE; the module proxy has no version of ingress-gce",
			source: "https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration",
			decode: func() any { return &backendConfig{} },
		},
	}
}

// validated remembers what was said about an object: renderings share most of theirs.
var validated sync.Map

// validate says what an API server with the schemas would refuse or drop.
func validate(o object) []error {
	raw, err := json.Marshal(o)
	if err != nil {
		return []error{err}
	}
	if known, found := validated.Load(string(raw)); found {
		problems, _ := known.([]error)
		return problems
	}
	problems := validateAnew(o)
	validated.Store(string(raw), problems)
	return problems
}

func validateAnew(o object) []error {
	var problems []error
	for _, load := range []func() (*schemas.Set, error){pinnedSchemas, newerSchemas} {
		set, err := load()
		if err != nil {
			return []error{err}
		}
		for _, problem := range set.Validate(o) {
			switch {
			case problem.Type != field.ErrorTypeNotFound:
				problems = append(problems, problem)
			case o.group() == "http.keda.sh" && set.Incomplete() != nil:
				// The CRDs of KEDA's HTTP add-on stand beside the repository; with CI=true they have to.
			default:
				return byHand(o)
			}
		}
	}
	return problems
}

func byHand(o object) []error {
	for _, known := range kindsByHand() {
		if known.apiVersion != o["apiVersion"] || known.kind != o.kind() {
			continue
		}
		raw, err := json.Marshal(o)
		if err != nil {
			return []error{err}
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(known.decode()); err != nil {
			return []error{fmt.Errorf("not as in %s: %w", known.source, err)}
		}
		return nil
	}
	return []error{fmt.Errorf("there is no schema for %v %s: add its CRDs to test/schemas, or the kind with a reason to kindsByHand", o["apiVersion"], o.kind())}
}

// TestKindsByHand keeps the list honest: a kind whose schema is to be had, or that
// the chart does not render, has no place in it.
func TestKindsByHand(t *testing.T) {
	rendered := map[string]bool{}
	for _, c := range goldenCases(t) {
		for _, o := range mustRender(t, c.values, c.options).objects {
			rendered[o.text("apiVersion")+" "+o.kind()] = true
		}
	}
	set, err := pinnedSchemas()
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range kindsByHand() {
		t.Run(known.kind, func(t *testing.T) {
			if !rendered[known.apiVersion+" "+known.kind] {
				t.Errorf("no case of testdata renders %s %s (%s)", known.apiVersion, known.kind, known.reason)
			}
			problems := set.Validate(map[string]any{"apiVersion": known.apiVersion, "kind": known.kind, "metadata": map[string]any{"name": "a"}})
			if len(problems) != 1 || problems[0].Type != field.ErrorTypeNotFound {
				t.Errorf("test/schemas knows %s %s by now: take it off the list", known.apiVersion, known.kind)
			}
		})
	}
}
