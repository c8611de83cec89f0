package charts

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// knownControllers are the names that gateway.controller and ingress.controller
// take: those of the table in catalog, and auto.
func knownControllers(t *testing.T) (gateways, ingresses []string) {
	t.Helper()
	table, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	gateways, ingresses = []string{"auto"}, []string{"auto"}
	for _, row := range table.Gateway {
		gateways = append(gateways, row.Name)
	}
	for _, row := range table.Ingress {
		ingresses = append(ingresses, row.Name)
	}
	return gateways, ingresses
}

// timeouts are values of gateway.timeouts that people set, the first five with every
// pattern.
func timeouts() []string {
	return []string{
		"{}",
		"{request: 0s}",
		"{request: null}",
		"{request: 7200s}",
		"{request: 60s}",

		"{request: 60s, backendRequest: 30s}",
		"{request: 0s, backendRequest: 60s}",
		"{request: '', backendRequest: ''}",
		"{request: null, backendRequest: 30s}",
		"{request: 1h30m}",
	}
}

// patterns are ways to use a Gateway, over which controllers and timeouts vary.
func patterns() map[string]string {
	return map[string]string{
		"own":           "{gateway: {enabled: true, className: c}}",
		"https":         "{gateway: {enabled: true, className: c, httpsRedirect: true, clusterIssuer: i, listeners: {https: {enabled: true, hostname: mcp.example.com}}}}",
		"shared":        "{gateway: {existing: {name: eg, namespace: gateways}, hostnames: [mcp.example.com]}}",
		"sharedSection": "{gateway: {existing: {name: eg, sectionName: https}, httpsRedirect: true}}",
		"paths": "{gateway: {enabled: true, className: c, routes: {paths: [/api], rules: [{matches: [{path: {type: Exact, value: /x}}]}, " +
			"{filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /}}}], backendRefs: []}]}}}",
		"toolhive": "{deployment: {method: toolhive}, gateway: {enabled: true, className: c}}",
		"hpa":      "{autoscaling: {enabled: true}, gateway: {enabled: true, className: c}}",
		"token":    "{secrets: {auth: {token: s3cr3t-of-the-matrix}}, podMonitor: {enabled: true}, gateway: {enabled: true, className: c}}",
	}
}

// findings are problems by what they say, with the values that have them: a problem
// of hundreds of renderings is one.
type findings map[string][]string

func (f findings) add(where string, problems ...error) {
	for _, problem := range problems {
		f[problem.Error()] = append(f[problem.Error()], where)
	}
}

func (f findings) report(t *testing.T) {
	t.Helper()
	for _, problem := range slices.Sorted(maps.Keys(f)) {
		t.Errorf("%s\n%d renderings, as with %s", problem, len(f[problem]), f[problem][0])
	}
}

// TestMatrix renders every controller with every pattern and every timeout, and holds
// what may never be wrong. Patterns run side by side: there are hundreds of renderings.
func TestMatrix(t *testing.T) {
	gateways, _ := knownControllers(t)
	for pattern, text := range patterns() {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			found := findings{}
			for _, controller := range gateways {
				for i, timeout := range timeouts() {
					if i >= 5 && pattern != "own" {
						break
					}
					where := fmt.Sprintf("%s, timeouts %s", controller, timeout)
					values := merge(parse(t, text), parse(t, fmt.Sprintf("{gateway: {controller: %s, timeouts: %s}}", controller, timeout)))
					r, err := render(t, values, options{})
					if err != nil {
						found.add(where, err)
						continue
					}
					found.add(where, r.check(values)...)
				}
			}
			found.report(t)
		})
	}
}

// TestIngressMatrix is TestMatrix for Ingress.
func TestIngressMatrix(t *testing.T) {
	_, ingresses := knownControllers(t)
	found := findings{}
	for _, controller := range ingresses {
		for _, request := range []string{"3600s", "0s", "7200s", "60s", "24h"} {
			for _, more := range []string{"{}", "{deployment: {method: toolhive}}", "{ingress: {className: '', tls: {enabled: true, clusterIssuer: i}, annotations: {a.example.com/b: c}}}"} {
				values := merge(parse(t, fmt.Sprintf("{ingress: {enabled: true, controller: %s, timeouts: {request: %s}}}", controller, request)), parse(t, more))
				found.add(fmt.Sprintf("%s, %s, %s", controller, request, more), mustRender(t, values, options{}).check(values)...)
			}
		}
	}
	found.report(t)
}

// TestCases holds for every case of testdata what the matrix holds.
func TestCases(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r := mustRender(t, c.values, c.options)
			for _, problem := range r.check(c.values) {
				t.Error(problem)
			}
			again := mustRender(t, c.values, c.options)
			if diff := cmp.Diff([]string{r.manifest, r.notes}, []string{again.manifest, again.notes}); diff != "" {
				t.Errorf("the second rendering differs: -first, +second:\n%s", diff)
			}
		})
	}
}

// TestClusterVersions: the chart says from which Kubernetes it works, and on old and
// new ones it renders what they know.
func TestClusterVersions(t *testing.T) {
	values := map[string]any{}
	if _, err := render(t, values, options{kubeVersion: "v1.25.16"}); err == nil {
		t.Error("renders for Kubernetes 1.25, where the Gateway API of today is not served")
	}
	// The action "sleep" is on by default since 1.30. An API server before it drops
	// the action and refuses the hook that is left without one:
	// https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
	cases := map[string]bool{"v1.26.0": false, "v1.29.5": false, "v1.30.0": true, "v1.33.4-gke.1245000": true, "v1.36.3": true}
	for version, want := range cases {
		t.Run(version, func(t *testing.T) {
			r := mustRender(t, values, options{kubeVersion: version})
			for _, problem := range r.check(values) {
				t.Error(problem)
			}
			got := r.containers()[0].at("lifecycle.preStop.sleep") != nil
			if got != want {
				t.Errorf("preStop sleep is rendered: %v, want %v", got, want)
			}
		})
	}
}

// TestLongNames: names stay below 63 characters, apart, and findable.
func TestLongNames(t *testing.T) {
	long := "a-release-with-a-very-long-name-as-helm-allows-it-53c"
	values := []string{
		"{gateway: {enabled: true, className: c, controller: envoy-gateway, httpsRedirect: true, " +
			"listeners: {https: {enabled: true, hostname: mcp.example.com}}, timeouts: {request: null}}, fullnameOverride: " + long + "-0123456789}",
		"{deployment: {method: toolhive}, fullnameOverride: " + long + ", gateway: {enabled: true, className: c}}",
		"{ingress: {enabled: true, controller: gke}, podMonitor: {enabled: true, allowUnauthenticated: true}, networkPolicy: {enabled: true, from: [{podSelector: {}}]}}",
		"{autoscaling: {keda: {enabled: true, minReplicas: 0, http: {referenceGrant: true, addOnVersion: 0.15.0}}}, " +
			"gateway: {enabled: true, className: c, controller: envoy-gateway, hostnames: [mcp.example.com]}}",
	}
	for _, text := range values {
		o := options{release: long, namespace: "a-namespace-with-a-very-long-name-as-kubernetes-allows-it-00063"}
		parsed := parse(t, text)
		for _, problem := range mustRender(t, parsed, o).check(parsed) {
			t.Errorf("%s: %v", text, problem)
		}
	}
}

// TestTwoReleases: in one namespace, and under one name in two namespaces, releases
// have nothing in common.
func TestTwoReleases(t *testing.T) {
	values := parse(t, "{gateway: {enabled: true, className: c, controller: envoy-gateway}, auth: {mode: kubernetes}}")
	seen := map[string]bool{}
	for _, o := range []options{{release: "a"}, {release: "b"}, {release: "a", namespace: "other"}} {
		r := mustRender(t, values, o)
		for _, each := range r.objects {
			identity := each.kind() + " " + each.name()
			if !slices.Contains([]string{"ClusterRole", "ClusterRoleBinding"}, each.kind()) {
				identity += " " + r.options.namespace
			}
			if seen[identity] {
				t.Errorf("%s of %s in %s is another release's too", each, r.options.release, r.options.namespace)
			}
			seen[identity] = true
		}
	}
}
