package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const examples = "../../examples/"

// gatehouse runs a command line.
func gatehouse(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, report bytes.Buffer
	code = run(args, streams{strings.NewReader(stdin), &out, &report})
	return code, out.String(), report.String()
}

func TestCommands(t *testing.T) {
	invalid := examples + "invalid/typing-mistakes.yaml"
	valid, existing := examples+"valid/aws-minimal.yaml", examples+"valid/existing.yaml"
	cases := map[string]struct {
		reason         string
		args           []string
		stdin          string
		code           int
		stdout, stderr string
	}{
		"Render":           {"Data goes to standard output", []string{"render", valid}, "", 0, "# key: ekscluster\n", ""},
		"RenderTree":       {"People get a tree", []string{"render", valid, "-o", "tree"}, "", 0, "Cluster platform/team-a\n├─ EKS cluster in us-east-1\n", ""},
		"RenderFolder":     {"A folder is all its files", []string{"render", examples + "valid", "-o", "tree"}, "", 0, "Cluster platform/home\n", ""},
		"RenderReports":    {"What is held back is said", []string{"render", existing}, "", 0, "# after: team-a-app-gateway-helm\n", "resources are composed once others are ready"},
		"RenderInvalid":    {"Wrong input is 1, and every problem is said", []string{"render", invalid}, "", 1, "", `did you mean "envoyGateway"?`},
		"RenderMissing":    {"What cannot be read is 2", []string{"render", "no-such-file.yaml"}, "", 2, "", `cannot read "no-such-file.yaml"`},
		"RenderNoCluster":  {"A file without Cluster is wrong input", []string{"render", "-"}, "kind: Secret\n", 1, "", "cannot find a Cluster"},
		"RenderUnreadable": {"What is no YAML could not be read", []string{"render", "-"}, "a: [", 2, "", "cannot read"},
		"Validate":         {"Nothing wrong is 0", []string{"validate", valid}, "", 0, `Cluster "team-a" is valid`, ""},
		"ValidateMany":     {"One wrong Cluster makes it 1, and all are reported", []string{"validate", valid, invalid}, "", 1, "4 problems", ""},
		"ValidateDoubts":   {"Doubts are no findings", []string{"validate", examples + "valid/doubtful.yaml"}, "", 0, "- doubtful: ", ""},
		"DiffNothing":      {"No difference is 0", []string{"diff", valid, valid}, "", 0, "nothing changes\n", ""},
		"DiffSomething":    {"A difference is 1", []string{"diff", valid, examples + "valid/aws-front-door.yaml"}, "", 1, "+ create  chart keda", ""},
		"DiffInvalid":      {"Wrong input is 1", []string{"diff", valid, invalid}, "", 1, "", "did you mean"},
		"Apps":             {"The catalog is a table", []string{"apps"}, "", 0, "envoyGateway        gateway-helm", ""},
		"PlaneNoSources":   {"A plane is built from source", []string{"plane", "up", "--source", "."}, "", 2, "", "git clone"},
		"Migrate":          {"What is lost makes it 1, and the result is written all the same", []string{"migrate", "-f", examples + "migrate/shop.yaml"}, "", 1, "kind: HTTPRoute\n", "1 lost"},
		"MigrateJSON":      {"The report is for programs, too", []string{"migrate", "-f", examples + "migrate/shop.yaml", "--report", "json"}, "", 1, "kind: Gateway\n", `"schemaVersion": 1`},
		"MigrateFine":      {"Nothing lost is 0", []string{"migrate", "--values", examples + "migrate/values.yaml", "--controller", "envoy-gateway"}, "", 0, "className: eg\n", "0 lost"},
		"MigrateValues":    {"One Ingress becomes values, too", []string{"migrate", "-f", examples + "migrate/shop.yaml", "-o", "values", "--gateway-class", "eg"}, "", 1, "httpsRedirect: true\n", ""},
		"MigrateExisting": {
			"The routes attach to a Gateway that is there",
			[]string{"migrate", "-f", examples + "migrate/shop.yaml", "--gateway", "gateways/shared"},
			"", 1, "namespace: gateways\n", "owner's",
		},
		"MigrateBoth":      {"A values file is no manifest", []string{"migrate", "--values", examples + "migrate/values.yaml", "-o", "yaml"}, "", 1, "", "a values file becomes a values file"},
		"MigrateNothing":   {"No Ingress is wrong input", []string{"migrate", "-f", "-"}, "kind: Secret\n", 1, "", "cannot find an Ingress"},
		"MigrateUnknown":   {"So is a controller that is not known", []string{"migrate", "-f", examples + "migrate/shop.yaml", "--controller", "nginx"}, "", 1, "", "known are auto, envoy-gateway"},
		"MigrateMissing":   {"What cannot be read is 2", []string{"migrate", "-f", "no-such-file.yaml"}, "", 2, "", `cannot read "no-such-file.yaml"`},
		"MigrateNoCluster": {"No cluster is 2", []string{"migrate", "--kubeconfig", "no-such-file"}, "", 2, "", "cannot read Ingresses"},
		"InstallAWS":       {"Only Crossplane creates clusters", []string{"install", valid}, "", 1, "", `spec.crossplane.compositionSelector.matchLabels[provider]`},
		"InstallInvalid":   {"Wrong input is 1, and every problem is said, without a cluster", []string{"install", invalid}, "", 1, "", `did you mean "envoyGateway"?`},
		"InstallTwo":       {"Two Clusters would be installed over each other", []string{"status", examples + "valid"}, "", 1, "", "cannot tell which of"},
		"InstallNoConfig":  {"A kubeconfig that is not there", []string{"install", existing, "--kubeconfig", "no-such-file"}, "", 2, "", "no-such-file"},
		"InstallNobody":    {"No API server is 2", []string{"install", existing, "--kubeconfig", "testdata/nobody.kubeconfig"}, "", 2, "", "the API server does not answer"},
		"StatusNobody":     {"The same", []string{"status", existing, "--kubeconfig", "testdata/nobody.kubeconfig"}, "", 2, "", "the API server does not answer"},
		"UninstallNobody":  {"The same", []string{"uninstall", existing, "--kubeconfig", "testdata/nobody.kubeconfig"}, "", 2, "", "the API server does not answer"},
		"Help":             {"Help is 0", []string{"--help"}, "", 0, "Usage: gatehouse", ""},
		"Unknown":          {"An unknown command could not run", []string{"rendr"}, "", 2, "", "gatehouse --help"},
		"NoArguments":      {"No command could not run", nil, "", 2, "", "gatehouse --help"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := gatehouse(tc.stdin, tc.args...)
			if code != tc.code {
				t.Errorf("%s: want exit code %d, got %d: %s", tc.reason, tc.code, code, stderr)
			}
			if !strings.Contains(stdout, tc.stdout) || (tc.stdout == "" && stdout != "") {
				t.Errorf("%s: want standard output to have %q, got %q", tc.reason, tc.stdout, stdout)
			}
			if !strings.Contains(stderr, tc.stderr) {
				t.Errorf("%s: want standard error to have %q, got %q", tc.reason, tc.stderr, stderr)
			}
		})
	}
}

// What render prints can be given back as what was observed.
func TestRenderObserved(t *testing.T) {
	xr := examples + "valid/existing.yaml"
	code, stdout, stderr := gatehouse("", "render", xr, "-o", "json")
	if code != 0 {
		t.Fatal(stderr)
	}
	var rendered []struct {
		Resources []struct {
			Key      string         `json:"key"`
			After    []string       `json:"after"`
			Resource map[string]any `json:"resource"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(stdout), &rendered); err != nil {
		t.Fatal(err)
	}
	var observed bytes.Buffer
	later := 0
	for _, r := range rendered[0].Resources {
		if len(r.After) > 0 {
			later++
			continue
		}
		annotations := r.Resource["metadata"].(map[string]any)
		annotations["annotations"] = map[string]any{"crossplane.io/composition-resource-name": r.Key}
		r.Resource["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "Available"}}}
		raw, err := yaml.Marshal(r.Resource)
		if err != nil {
			t.Fatal(err)
		}
		observed.WriteString("---\n" + string(raw))
	}
	if later == 0 {
		t.Fatal("nothing waits for anything: the test shows nothing")
	}
	file := filepath.Join(t.TempDir(), "observed.yaml")
	if err := os.WriteFile(file, observed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = gatehouse("", "render", xr, "-o", "tree", "--observed", file)
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"prometheus  ready: Available", "envoyGateway  not ready: Waiting", "Gateway envoy-gateway-system/eg [HTTP:80]\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("want the moment to show %q, got:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "not yet: Gateway") {
		t.Errorf("the Gateway is held back although Envoy Gateway is ready:\n%s", stdout)
	}
}
