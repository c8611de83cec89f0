package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/action"
)

// readSchema reads values.schema.json.
func readSchema(t *testing.T) object {
	t.Helper()
	schema := object{}
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(chartFolder, "values.schema.json"))), &schema); err != nil {
		t.Fatalf("cannot read the schema: %v", err)
	}
	return schema
}

// injected are keys that Helm itself puts into a chart's values, or a parent chart's
// condition.
func injected() []string { return []string{"enabled", "global"} }

// TestSchemaKnowsEveryValue: the schema and values.yaml have the same keys, and the
// schema the defaults of values.yaml.
func TestSchemaKnowsEveryValue(t *testing.T) {
	defaults := parse(t, readFile(t, filepath.Join(chartFolder, "values.yaml")))
	for _, problem := range compareSchema("", readSchema(t), defaults) {
		t.Error(problem)
	}
}

// compareSchema compares a level of values.yaml with its schema. A map with keys of
// its own in values.yaml is a level; an empty one is free, or the user's.
func compareSchema(path string, schema object, defaults map[string]any) (problems []error) {
	properties, _ := schema["properties"].(map[string]any)
	have := slices.Sorted(maps.Keys(properties))
	if path == "" {
		have = slices.DeleteFunc(have, func(key string) bool { return slices.Contains(injected(), key) })
		for _, key := range injected() {
			if properties[key] == nil {
				problems = append(problems, fmt.Errorf("the schema does not accept %q, which Helm injects", key))
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(defaults)), have); diff != "" {
		problems = append(problems, fmt.Errorf("keys of %q: -values.yaml, +schema:\n%s", path, diff))
	}
	if schema["additionalProperties"] != false {
		problems = append(problems, fmt.Errorf("the schema accepts unknown keys at %q", path))
	}
	for _, key := range have {
		at := strings.TrimPrefix(path+"."+key, ".")
		property, _ := properties[key].(map[string]any)
		if description, _ := property["description"].(string); description == "" {
			problems = append(problems, fmt.Errorf("the schema does not describe %q", at))
		}
		level, isMap := defaults[key].(map[string]any)
		if _, fixed := property["properties"].(map[string]any); fixed && isMap && property["additionalProperties"] == false {
			problems = append(problems, compareSchema(at, property, level)...)
			continue
		}
		value, there := property["default"]
		if diff := cmp.Diff(defaults[key], value); diff != "" || !there {
			problems = append(problems, fmt.Errorf("default of %q (in the schema: %v): -values.yaml, +schema:\n%s", at, there, diff))
		}
	}
	return problems
}

// TestEveryValueIsUsed: a value that no template reads is a promise that nobody keeps.
func TestEveryValueIsUsed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(chartFolder, "templates", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find templates: %v", err)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString(readFile(t, file))
	}
	defaults := parse(t, readFile(t, filepath.Join(chartFolder, "values.yaml")))
	for _, path := range leaves("", defaults) {
		key := path[strings.LastIndex(path, ".")+1:]
		if !regexp.MustCompile(`[."]` + regexp.QuoteMeta(key) + `\b`).MatchString(all.String()) {
			t.Errorf("no template reads %q", path)
		}
	}
}

// wholes are values that a pod gets as they are written.
func wholes() []string {
	return []string{"livenessProbe", "readinessProbe", "podMonitor.labels", "podSecurityContext", "securityContext", "resources", "ingress.annotations"}
}

// leaves are the paths of values that are no maps with keys, or taken whole.
func leaves(path string, values map[string]any) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		level, isMap := values[key].(map[string]any)
		if isMap && len(level) > 0 && !slices.Contains(wholes(), at) {
			out = append(out, leaves(at, level)...)
			continue
		}
		out = append(out, at)
	}
	return out
}

// TestSchemaRefuses: a mistake in a values file is named by its path, and nothing is
// installed.
func TestSchemaRefuses(t *testing.T) {
	cases := map[string]struct {
		reason string
		values string
		want   []string
	}{
		"UnknownKey":       {reason: "A misspelt key would be ignored.", values: "{gateway: {hostname: a}}", want: []string{"gateway", "hostname"}},
		"UnknownTopLevel":  {reason: "The same at the top.", values: "{gatway: {}}", want: []string{"gatway"}},
		"WrongType":        {reason: "A string is no switch.", values: "{gateway: {enabled: 'yes'}}", want: []string{"gateway/enabled"}},
		"WrongEnum":        {reason: "Controllers have names.", values: "{gateway: {controller: nginx}}", want: []string{"gateway/controller"}},
		"WrongIngressEnum": {reason: "The same for Ingress.", values: "{ingress: {controller: nginx}}", want: []string{"ingress/controller"}},
		"WrongMethod":      {reason: "There are two.", values: "{deployment: {method: docker}}", want: []string{"deployment/method"}},
		"Fraction":         {reason: "The Gateway API has no fractions of a second.", values: "{gateway: {timeouts: {request: 1.5s}}}", want: []string{"gateway/timeouts/request"}},
		"NoUnit":           {reason: "A number is no duration.", values: "{gateway: {timeouts: {request: '3600'}}}", want: []string{"gateway/timeouts/request"}},
		"TooManyDigits":    {reason: "Five digits at most: apis/v1/shared_types.go of the Gateway API.", values: "{gateway: {timeouts: {request: 360000s}}}", want: []string{"gateway/timeouts/request"}},
		"NumberForTimeout": {reason: "Nor is one without quotes.", values: "{gateway: {timeouts: {request: 3600}}}", want: []string{"gateway/timeouts/request"}},
		"HostWithScheme":   {reason: "A host is no address.", values: "{gateway: {hostnames: ['https://mcp.example.com']}}", want: []string{"gateway/hostnames/0"}},
		"HostWithPort":     {reason: "A host has no port.", values: "{ingress: {host: 'mcp.example.com:8080'}}", want: []string{"ingress/host"}},
		"Port":             {reason: "Ports end at 65535.", values: "{containerPort: 70000}", want: []string{"containerPort"}},
		"NegativeReplicas": {reason: "There are none.", values: "{replicaCount: -1}", want: []string{"replicaCount"}},
		"Digest":           {reason: "A digest names its algorithm.", values: "{image: {digest: 0123}}", want: []string{"image/digest"}},
		"LogLevel":         {reason: "The server has four.", values: "{server: {logLevel: trace}}", want: []string{"server/logLevel"}},
		"AuthMode":         {reason: "The modes have names.", values: "{auth: {mode: basic}}", want: []string{"auth/mode"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, parse(t, tc.values), options{})
			if err == nil {
				t.Fatalf("\n%s\n%s is accepted", tc.reason, tc.values)
			}
			for _, words := range tc.want {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("\n%s\nthe message has no %q:\n%v", tc.reason, words, err)
				}
			}
		})
	}
}

// TestSchemaAccepts: what the Gateway API allows the schema allows.
func TestSchemaAccepts(t *testing.T) {
	for _, text := range []string{
		"{gateway: {timeouts: {request: 1h30m, backendRequest: 500ms}}}",
		"{gateway: {timeouts: {request: 99999h, backendRequest: null}}}",
		"{gateway: {timeouts: {request: '', backendRequest: ''}}}",
		"{gateway: {hostnames: ['*.example.com', mcp.example.com]}}",
		"{gateway: {annotations: {a.example.com/b: c}}}",
		"{readinessProbe: null, livenessProbe: null}",
		"{topologySpreadConstraints: []}",
		"{affinity: {nodeAffinity: {}}, podSecurityContext: {fsGroup: 1}, resources: {limits: {cpu: 2, memory: 1Gi}}}",
		"{toolhive: {spec: {anything: true}}}",
		"{autoscaling: {behavior: {scaleUp: {}}, keda: {prometheus: {authenticationRef: {name: a, kind: ClusterTriggerAuthentication}}}}}",
	} {
		if _, err := render(t, parse(t, text), options{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestLint runs helm lint --strict over every case and every example.
func TestLint(t *testing.T) {
	lint := action.NewLint()
	lint.Strict, lint.Namespace = true, "tools"
	check := func(name string, values map[string]any) {
		result := lint.Run([]string{chartFolder}, values)
		for _, err := range result.Errors {
			t.Errorf("%s: %v", name, err)
		}
		for _, message := range result.Messages {
			// An icon is the one thing that lint recommends and this chart has none of.
			if !strings.Contains(message.Err.Error(), "icon is recommended") {
				t.Errorf("%s: %v", name, message)
			}
		}
	}
	for _, c := range goldenCases(t) {
		check(c.name, c.values)
	}
	for _, example := range examples(t) {
		check(example.name, example.values)
	}
}
