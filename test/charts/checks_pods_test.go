package charts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/gatehouse-platform/gatehouse/test/schemas"
)

// containers are those of the Deployment; nothing with ToolHive.
func (r *rendering) containers() []object {
	for _, deployment := range r.ofKind("Deployment") {
		return deployment.list("spec.template.spec.containers")
	}
	return nil
}

// checkPorts: a port that is named has a container that names it.
func (r *rendering) checkPorts(map[string]any) (problems []error) {
	var names []string
	for _, container := range r.containers() {
		for _, port := range container.list("ports") {
			names = append(names, port.text("name"))
		}
	}
	need := func(o object, port any) {
		if name, named := port.(string); named && !slices.Contains(names, name) {
			problems = append(problems, fmt.Errorf("%s uses the port %q; the containers have %q", o, name, names))
		}
	}
	for _, o := range r.objects {
		switch o.kind() {
		case "Service":
			for _, port := range o.list("spec.ports") {
				need(o, port["targetPort"])
			}
		case "PodMonitor":
			for _, endpoint := range o.list("spec.podMetricsEndpoints") {
				need(o, endpoint["port"])
			}
		case "NetworkPolicy":
			for _, rule := range o.list("spec.ingress") {
				for _, port := range rule.list("ports") {
					need(o, port["port"])
				}
			}
		case "Deployment":
			for _, container := range r.containers() {
				for _, probe := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
					need(o, container.at(probe+".httpGet.port"))
				}
			}
		}
	}
	return problems
}

// checkProbes: a probe with two handlers, which is what a second one beside a default
// becomes, is refused by the API server.
func (r *rendering) checkProbes(map[string]any) (problems []error) {
	for _, container := range r.containers() {
		for _, name := range []string{"readinessProbe", "livenessProbe", "startupProbe"} {
			probe, there := container[name].(map[string]any)
			if !there {
				continue
			}
			handlers := 0
			for _, handler := range []string{"exec", "grpc", "httpGet", "tcpSocket"} {
				if probe[handler] != nil {
					handlers++
				}
			}
			if handlers != 1 {
				problems = append(problems, fmt.Errorf("%s has %d handlers: %v", name, handlers, probe))
			}
		}
	}
	return problems
}

// checkMounts: what is mounted is a volume, and every volume is used.
func (r *rendering) checkMounts(map[string]any) (problems []error) {
	var mounted, volumes []string
	for _, container := range r.containers() {
		for _, mount := range container.list("volumeMounts") {
			mounted = append(mounted, mount.text("name"))
		}
	}
	for _, deployment := range r.ofKind("Deployment") {
		for _, volume := range deployment.list("spec.template.spec.volumes") {
			volumes = append(volumes, volume.text("name"))
		}
	}
	slices.Sort(mounted)
	slices.Sort(volumes)
	if !slices.Equal(slices.Compact(mounted), volumes) {
		problems = append(problems, fmt.Errorf("mounts %q, volumes %q", mounted, volumes))
	}
	return problems
}

// checkScaling: one thing scales the Deployment, or nothing and it says how many.
func (r *rendering) checkScaling(map[string]any) (problems []error) {
	var scalers []object
	for _, kind := range []string{"HorizontalPodAutoscaler", "ScaledObject", "HTTPScaledObject"} {
		scalers = append(scalers, r.ofKind(kind)...)
	}
	if len(scalers) > 1 {
		problems = append(problems, fmt.Errorf("%v scale the same pods", scalers))
	}
	for _, deployment := range r.ofKind("Deployment") {
		_, says := deployment.at("spec").(map[string]any)["replicas"]
		if says == (len(scalers) > 0) {
			problems = append(problems, fmt.Errorf("%s: replicas is there: %v, scaled by %v", deployment, says, scalers))
		}
	}
	for _, scaler := range scalers {
		if r.find("Deployment", scaler.text("spec.scaleTargetRef.name")) == nil {
			problems = append(problems, fmt.Errorf("%s scales %q, which nobody renders", scaler, scaler.text("spec.scaleTargetRef.name")))
		}
	}
	return problems
}

// evaluator is the admission plugin's own judgement about pods.
var evaluator = sync.OnceValues(func() (policy.Evaluator, error) { return policy.NewEvaluator(policy.DefaultChecks(), nil) })

// checkPodSecurity: the pods run in a namespace that enforces the standard
// "restricted", unless the user's own values say otherwise.
func (r *rendering) checkPodSecurity(map[string]any) []error {
	judge, err := evaluator()
	if err != nil {
		return []error{err}
	}
	var problems []error
	for _, pod := range r.podSpecs() {
		raw, err := json.Marshal(pod)
		if err != nil {
			return []error{err}
		}
		spec := corev1.PodSpec{}
		if err := json.Unmarshal(raw, &spec); err != nil {
			return []error{err}
		}
		restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		for _, result := range judge.EvaluatePod(restricted, &metav1.ObjectMeta{}, &spec) {
			if !result.Allowed {
				problems = append(problems, fmt.Errorf("the pod does not pass %q: %s: %s", "restricted", result.ForbiddenReason, result.ForbiddenDetail))
			}
		}
		for _, container := range spec.Containers {
			if strings.HasSuffix(container.Image, ":latest") {
				problems = append(problems, fmt.Errorf("container %q runs %q", container.Name, container.Image))
			}
		}
	}
	return problems
}

// podSpecs are those of a Deployment, and what ToolHive lays over its own.
func (r *rendering) podSpecs() []any {
	var out []any
	for _, deployment := range r.ofKind("Deployment") {
		out = append(out, deployment.at("spec.template.spec"))
	}
	for _, server := range r.ofKind("MCPServer") {
		out = append(out, server.at("spec.podTemplateSpec.spec"))
	}
	return out
}

// checkRules: roles name what they are for, and never Secrets.
func (r *rendering) checkRules(map[string]any) (problems []error) {
	for _, role := range append(r.ofKind("ClusterRole"), r.ofKind("Role")...) {
		for i, rule := range role.list("rules") {
			for _, field := range []string{"apiGroups", "resources", "verbs", "nonResourceURLs"} {
				items, _ := rule[field].([]any)
				if slices.Contains(items, any("*")) {
					problems = append(problems, fmt.Errorf("%s: rules[%d].%s is everything", role, i, field))
				}
				if field == "resources" && slices.Contains(items, any("secrets")) {
					problems = append(problems, fmt.Errorf("%s: rules[%d] is about Secrets", role, i))
				}
			}
		}
	}
	for _, binding := range append(r.ofKind("ClusterRoleBinding"), r.ofKind("RoleBinding")...) {
		if r.find(binding.text("roleRef.kind"), binding.text("roleRef.name")) == nil && !strings.HasPrefix(binding.text("roleRef.name"), "system:") {
			problems = append(problems, fmt.Errorf("%s binds %s, which nobody renders", binding, binding.text("roleRef.name")))
		}
	}
	return problems
}

// checkSecrets: a token stands in a Secret and nowhere else.
func (r *rendering) checkSecrets(values map[string]any) (problems []error) {
	token := object(values).text("secrets.auth.token")
	if token == "" {
		for _, secret := range r.ofKind("Secret") {
			problems = append(problems, fmt.Errorf("%s is there without a token", secret))
		}
		return problems
	}
	for _, o := range r.objects {
		if o.kind() == "Secret" {
			continue
		}
		if raw, err := json.Marshal(o); err != nil || strings.Contains(string(raw), token) {
			problems = append(problems, fmt.Errorf("%s shows the token: %w", o, err))
		}
	}
	if strings.Contains(r.notes, token) {
		problems = append(problems, errors.New("the notes show the token"))
	}
	return problems
}

// checkQueries: Prometheus can read every query.
func (r *rendering) checkQueries(map[string]any) (problems []error) {
	for _, scaled := range r.ofKind("ScaledObject") {
		for i, trigger := range scaled.list("spec.triggers") {
			if trigger.text("type") != "prometheus" {
				continue
			}
			if err := schemas.ParseExpr(trigger.text("metadata.query")); err != nil {
				problems = append(problems, fmt.Errorf("%s: triggers[%d]: %w", scaled, i, err))
			}
		}
	}
	return problems
}
