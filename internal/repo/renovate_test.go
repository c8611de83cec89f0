package repo

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

// config is what these tests look at in renovate.json.
type config struct {
	Extends         []string  `json:"extends"`
	IgnorePresets   []string  `json:"ignorePresets"`
	IgnorePaths     []string  `json:"ignorePaths"`
	EnabledManagers []string  `json:"enabledManagers"`
	CustomManagers  []manager `json:"customManagers"`
	PackageRules    []rule    `json:"packageRules"`
}

type rule struct {
	MatchFileNames []string `json:"matchFileNames"`
	MatchDepNames  []string `json:"matchDepNames"`
	GroupName      string   `json:"groupName"`
}

type manager struct {
	ManagerFilePatterns []string `json:"managerFilePatterns"`
	MatchStrings        []string `json:"matchStrings"`
}

// dependency is what Renovate takes from one match: its named groups.
type dependency struct {
	Datasource, DepName, RegistryURL, CurrentValue string
}

const catalogFile = "catalog/catalog.yaml"

// Renovate skips silently what its expression does not match, so every version of
// the catalog has to be found, and as what it is.
func TestRenovateFindsEveryCatalogEntry(t *testing.T) {
	loaded, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	var want []dependency
	for _, chart := range loaded.Charts {
		want = append(want, expected(chart))
	}
	for _, image := range loaded.Images {
		want = append(want, dependency{Datasource: "docker", DepName: image.Name, CurrentValue: image.Version})
	}
	got := found(t, readConfig(t), catalogFile)
	// A slash at the end makes no other repository.
	for i := range got {
		got[i].RegistryURL = strings.TrimSuffix(got[i].RegistryURL, "/")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what Renovate finds in %s, in its order (-want +got):\n%s", catalogFile, diff)
	}
	if versions := strings.Count(read(t, catalogFile), "\n    version: "); versions != len(got) {
		t.Errorf("%s has %d versions, Renovate finds %d", catalogFile, versions, len(got))
	}
}

// expected is how Renovate has to look a chart up: Helm repositories by their
// index, OCI registries by the tags of the image that the chart is.
func expected(chart catalog.Chart) dependency {
	if registry, oci := strings.CutPrefix(chart.Repository, "oci://"); oci {
		host, folder, _ := strings.Cut(registry, "/")
		return dependency{Datasource: "docker", DepName: path.Join(folder, chart.Name), RegistryURL: "https://" + host, CurrentValue: chart.Version}
	}
	return dependency{Datasource: "helm", DepName: chart.Name, RegistryURL: strings.TrimSuffix(chart.Repository, "/"), CurrentValue: chart.Version}
}

// A rule about a chart that is not in the catalog would do nothing, silently.
func TestRenovateRulesNameCharts(t *testing.T) {
	conf := readConfig(t)
	var names []string
	for _, dep := range found(t, conf, catalogFile) {
		names = append(names, dep.DepName)
	}
	groups := map[string][]string{}
	for _, rule := range conf.PackageRules {
		if !slices.Contains(rule.MatchFileNames, catalogFile) {
			continue
		}
		for _, name := range rule.MatchDepNames {
			if !slices.Contains(names, name) {
				t.Errorf("a rule names %q, which is not in the catalog", name)
			}
		}
		if rule.GroupName != "" {
			groups[rule.GroupName] = rule.MatchDepNames
		}
	}
	want := map[string][]string{
		"gateway charts": {"envoyproxy/gateway-helm", "traefik"},
		"keda charts":    {"keda", "keda-add-ons-http"},
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("charts that move together (-want +got):\n%s", diff)
	}
}

func TestRenovateSeesModulesAndActions(t *testing.T) {
	conf := readConfig(t)
	for _, manager := range []string{"custom.regex", "github-actions", "gomod"} {
		if !slices.Contains(conf.EnabledManagers, manager) {
			t.Errorf("manager %q is off", manager)
		}
	}
	// config:recommended leaves out every folder called test, where most modules are.
	if !slices.Contains(conf.IgnorePresets, ":ignoreModulesAndTests") || len(conf.IgnorePaths) != 0 {
		t.Errorf("folders are left out: ignorePresets %q, ignorePaths %q", conf.IgnorePresets, conf.IgnorePaths)
	}
	if !slices.Contains(conf.Extends, "helpers:pinGitHubActionDigests") {
		t.Error("actions are not kept pinned by commit")
	}
	components := slices.ContainsFunc(conf.PackageRules, func(r rule) bool {
		return r.GroupName != "" && slices.Contains(r.MatchFileNames, "test/e2e/components/**")
	})
	if !components {
		t.Error("the modules of an end-to-end component do not move together")
	}
}

// found applies Renovate's expressions to a file. Renovate uses RE2, as Go does.
func found(t *testing.T, conf config, file string) []dependency {
	t.Helper()
	text, out := read(t, file), []dependency(nil)
	for _, manager := range conf.CustomManagers {
		if !slices.ContainsFunc(manager.ManagerFilePatterns, func(pattern string) bool {
			return regexp.MustCompile(strings.Trim(pattern, "/")).MatchString(file)
		}) {
			continue
		}
		for _, expression := range manager.MatchStrings {
			compiled := regexp.MustCompile(expression)
			for _, match := range compiled.FindAllStringSubmatch(text, -1) {
				group := func(name string) string {
					if i := compiled.SubexpIndex(name); i >= 0 {
						return match[i]
					}
					return ""
				}
				out = append(out, dependency{Datasource: group("datasource"), DepName: group("depName"), RegistryURL: group("registryUrl"), CurrentValue: group("currentValue")})
				if extract := group("extractVersion"); extract != "" {
					if got := regexp.MustCompile(extract).FindStringSubmatch(group("currentValue")); len(got) != 2 || got[1] != group("currentValue") {
						t.Errorf("%s: extractVersion %q does not give today's version %q", group("depName"), extract, group("currentValue"))
					}
				}
			}
		}
	}
	return out
}

func readConfig(t *testing.T) config {
	t.Helper()
	var conf config
	if err := json.Unmarshal([]byte(read(t, "renovate.json")), &conf); err != nil {
		t.Fatal(err)
	}
	return conf
}

// Every action is pinned by a commit, with the version that it is in a comment;
// every tool of a workflow is one that Renovate finds.
func TestWorkflowsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	conf := readConfig(t)
	for _, file := range files(t, func(file string) bool { return under(file, ".github/workflows") }) {
		text := read(t, file)
		for _, match := range uses.FindAllStringSubmatch(text, -1) {
			if !pinned.MatchString(match[1]) {
				t.Errorf("%s: %q is not pinned as owner/name@<commit> # vX.Y.Z", file, match[1])
			}
		}
		if comments, tools := strings.Count(text, "# renovate:"), len(found(t, conf, file)); comments != tools {
			t.Errorf("%s: %d comments for Renovate, of which it finds %d", file, comments, tools)
		}
		var workflow struct {
			Permissions map[string]string `json:"permissions"`
		}
		if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"contents": "read"}, workflow.Permissions); diff != "" {
			t.Errorf("%s: what every job may do, before it asks for more (-want +got):\n%s", file, diff)
		}
	}
}
