package charts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// servicePort is the port of everything that the chart puts in front of pods.
const servicePort = 3456

// interceptor is the Service of KEDA's HTTP add-on; its chart does not let it be named.
const (
	interceptorService = "keda-add-ons-http-interceptor-proxy"
	interceptorPort    = 8080
)

// check says what is wrong with a rendering, whatever its values are.
func (r *rendering) check(values map[string]any) []error {
	checks := []func(map[string]any) []error{
		r.checkIdentities, r.checkNoNulls, r.checkSchemas,
		r.checkWaysIn, r.checkParents, r.checkBackends, r.checkTargets,
		r.checkSelectors, r.checkPorts, r.checkProbes, r.checkMounts, r.checkScaling,
		r.checkPodSecurity, r.checkRules, r.checkSecrets, r.checkQueries,
	}
	var problems []error
	for _, check := range checks {
		problems = append(problems, check(values)...)
	}
	return problems
}

// checkIdentities: no object twice, names that every use of them can carry, and
// nothing in a namespace that is not the user's to write to.
func (r *rendering) checkIdentities(map[string]any) (problems []error) {
	seen := map[string]bool{}
	for _, o := range r.objects {
		namespace := o.text("metadata.namespace")
		identity := fmt.Sprintf("%s %s/%s in %q", o.group(), o.kind(), o.name(), namespace)
		if seen[identity] {
			problems = append(problems, fmt.Errorf("%s is there twice", identity))
		}
		seen[identity] = true
		// A name becomes a label of pods and of EndpointSlices, which ends at 63.
		if o.name() == "" || len(o.name()) > 63 {
			problems = append(problems, fmt.Errorf("%s has a name of %d characters", identity, len(o.name())))
		}
		if namespace != "" && namespace != r.options.namespace && o.kind() != "ReferenceGrant" {
			problems = append(problems, fmt.Errorf("%s is not in the release's namespace", identity))
		}
		for key, value := range o.labels("metadata.labels") {
			if len(value) > 63 {
				problems = append(problems, fmt.Errorf("%s: label %s is longer than 63 characters", identity, key))
			}
		}
		if o.labels("metadata.labels")["app.kubernetes.io/instance"] != r.options.release {
			problems = append(problems, fmt.Errorf("%s does not carry the release in its labels", identity))
		}
	}
	return problems
}

// checkNoNulls: a null is what a template leaves behind when a value is missing.
func (r *rendering) checkNoNulls(map[string]any) (problems []error) {
	for _, o := range r.objects {
		for _, path := range nulls("", map[string]any(o)) {
			problems = append(problems, fmt.Errorf("%s: %s is null", o, path))
		}
	}
	return problems
}

func nulls(path string, value any) []string {
	var out []string
	switch v := value.(type) {
	case nil:
		out = append(out, path)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, nulls(strings.TrimPrefix(path+"."+key, "."), v[key])...)
		}
	case []any:
		for i, item := range v {
			out = append(out, nulls(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	}
	return out
}

// checkSchemas: real API servers take every object as it is.
func (r *rendering) checkSchemas(map[string]any) (problems []error) {
	for _, o := range r.objects {
		for _, problem := range validate(o) {
			problems = append(problems, fmt.Errorf("%s: %w", o, problem))
		}
	}
	return problems
}

// policyGroups are the API groups of what the chart attaches to a gateway's resources.
func policyGroups() []string {
	return []string{
		"gateway.networking.k8s.io", "gateway.envoyproxy.io", "gateway.kgateway.dev", "gateway.nginx.org",
		"networking.gke.io", "gateway.k8s.aws", "alb.networking.azure.io", "projectcontour.io", "cilium.io",
	}
}

// checkWaysIn: what is not asked for is not there.
func (r *rendering) checkWaysIn(values map[string]any) (problems []error) {
	v := object(values)
	gateway := v.at("gateway.enabled") == true || v.text("gateway.existing.name") != ""
	for _, o := range r.objects {
		if !gateway && slices.Contains(policyGroups(), o.group()) {
			problems = append(problems, fmt.Errorf("%s is there without a gateway", o))
		}
		if v.at("ingress.enabled") != true && (o.kind() == "Ingress" || o.kind() == "BackendConfig") {
			problems = append(problems, fmt.Errorf("%s is there without ingress.enabled", o))
		}
		if v.at("gateway.enabled") != true && o.kind() == "Gateway" {
			problems = append(problems, fmt.Errorf("%s is there without gateway.enabled", o))
		}
	}
	return problems
}

// checkParents: a route that names no parent is accepted by an API server and served
// by nobody.
func (r *rendering) checkParents(values map[string]any) (problems []error) {
	existing := object(values).text("gateway.existing.name")
	for _, route := range r.ofKind("HTTPRoute") {
		parents := route.list("spec.parentRefs")
		if len(parents) == 0 {
			problems = append(problems, fmt.Errorf("%s has no parentRefs", route))
		}
		for _, parent := range parents {
			name := parent.text("name")
			if existing != "" && name == existing {
				continue
			}
			gateway := r.find("Gateway", name)
			if gateway == nil {
				problems = append(problems, fmt.Errorf("%s has the parent %q, which nobody renders", route, name))
				continue
			}
			section := parent.text("sectionName")
			if section == "" {
				continue
			}
			if !slices.ContainsFunc(gateway.list("spec.listeners"), func(l object) bool { return l.text("name") == section }) {
				problems = append(problems, fmt.Errorf("%s has the parent %q, which has no listener %q", route, name, section))
			}
		}
	}
	return problems
}

// checkBackends: whatever leads somewhere leads to something that is there.
func (r *rendering) checkBackends(map[string]any) (problems []error) {
	for _, route := range r.ofKind("HTTPRoute") {
		for i, rule := range route.list("spec.rules") {
			if len(rule.list("filters")) == 0 && len(rule.list("backendRefs")) == 0 {
				problems = append(problems, fmt.Errorf("%s: rule %d goes nowhere", route, i))
			}
			for _, backend := range rule.list("backendRefs") {
				if !r.leadsSomewhere(backend.text("name"), backend.text("namespace"), backend["port"]) {
					problems = append(problems, fmt.Errorf("%s: rule %d leads to %v, which nobody renders", route, i, backend))
				}
			}
		}
	}
	for _, ingress := range r.ofKind("Ingress") {
		paths := 0
		for _, rule := range ingress.list("spec.rules") {
			for _, path := range rule.list("http.paths") {
				paths++
				if !r.leadsSomewhere(path.text("backend.service.name"), "", path.at("backend.service.port.number")) {
					problems = append(problems, fmt.Errorf("%s leads to %v, which nobody renders", ingress, path["backend"]))
				}
			}
		}
		if paths == 0 {
			problems = append(problems, fmt.Errorf("%s leads nowhere", ingress))
		}
	}
	for _, route := range append(r.ofKind("InterceptorRoute"), r.ofKind("HTTPScaledObject")...) {
		target := object{"spec": route["spec"]}
		name, port := target.text("spec.target.service"), target.at("spec.target.port")
		if name == "" {
			name, port = target.text("spec.scaleTargetRef.service"), target.at("spec.scaleTargetRef.port")
		}
		if !r.leadsSomewhere(name, "", port) {
			problems = append(problems, fmt.Errorf("%s leads to %q port %v, which nobody renders", route, name, port))
		}
	}
	return problems
}

// leadsSomewhere tells whether a Service is rendered, made by ToolHive for what is
// rendered, or the interceptor's while an object for it is rendered.
func (r *rendering) leadsSomewhere(name, namespace string, port any) bool {
	number, _ := port.(float64)
	if name == interceptorService {
		routes := len(r.ofKind("InterceptorRoute")) + len(r.ofKind("HTTPScaledObject"))
		return number == interceptorPort && namespace != "" && routes == 1
	}
	if namespace != "" && namespace != r.options.namespace {
		return false
	}
	if number != servicePort {
		return false
	}
	if service := r.find("Service", name); service != nil {
		return slices.ContainsFunc(service.list("spec.ports"), func(p object) bool { return p["port"] == number })
	}
	// https://github.com/stacklok/toolhive: the operator names the Service of its proxy so.
	server, found := strings.CutPrefix(name, "mcp-")
	server, proxy := strings.CutSuffix(server, "-proxy")
	made := r.find("MCPServer", server)
	return found && proxy && made != nil && made.at("spec.proxyPort") == number
}

// checkTargets: a policy that targets nothing does nothing, and says so nowhere.
func (r *rendering) checkTargets(map[string]any) (problems []error) {
	for _, o := range r.objects {
		targets := o.list("spec.targetRefs")
		if target, ok := o.at("spec.targetRef").(map[string]any); ok {
			targets = append(targets, target)
		}
		for _, target := range targets {
			if target.text("kind") == "Service" && r.leadsSomewhere(target.text("name"), "", float64(servicePort)) {
				continue
			}
			if r.find(target.text("kind"), target.text("name")) == nil {
				problems = append(problems, fmt.Errorf("%s targets %s %q, which nobody renders", o, target.text("kind"), target.text("name")))
			}
		}
	}
	for _, gateway := range r.ofKind("Gateway") {
		parameters, ok := gateway.at("spec.infrastructure.parametersRef").(map[string]any)
		if !ok {
			continue
		}
		to := object(parameters)
		if r.find(to.text("kind"), to.text("name")) == nil {
			problems = append(problems, fmt.Errorf("%s takes parameters from %s %q, which nobody renders", gateway, to.text("kind"), to.text("name")))
		}
	}
	return problems
}

// checkSelectors: whatever selects pods selects those of this release.
func (r *rendering) checkSelectors(map[string]any) (problems []error) {
	deployments := r.ofKind("Deployment")
	if len(deployments) == 0 {
		for _, kind := range []string{"Service", "PodDisruptionBudget", "PodMonitor", "HorizontalPodAutoscaler"} {
			for _, o := range r.ofKind(kind) {
				problems = append(problems, fmt.Errorf("%s is there, but no pods", o))
			}
		}
		return problems
	}
	pods := labels.Set(deployments[0].labels("spec.template.metadata.labels"))
	at := map[string]string{
		"Deployment": "spec.selector", "PodDisruptionBudget": "spec.selector",
		"PodMonitor": "spec.selector", "NetworkPolicy": "spec.podSelector",
	}
	for _, o := range r.objects {
		selected := o.labels("spec.selector")
		if path := at[o.kind()]; path != "" {
			selected = o.labels(path + ".matchLabels")
		} else if o.kind() != "Service" {
			continue
		}
		if len(selected) == 0 || !labels.SelectorFromSet(selected).Matches(pods) {
			problems = append(problems, fmt.Errorf("%s selects %v, the pods have %v", o, selected, pods))
		}
	}
	for i, spread := range deployments[0].list("spec.template.spec.topologySpreadConstraints") {
		selected, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: spread.labels("labelSelector.matchLabels")})
		if err != nil || selected.Empty() || !selected.Matches(pods) {
			problems = append(problems, fmt.Errorf("topologySpreadConstraints[%d] does not select the pods", i))
		}
	}
	return problems
}
