package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
)

var guideFile = filepath.Join(root, "docs", "gateway-api.md")

// A block is a fenced block of the guide.
type block struct {
	language string
	text     string
	notRun   string // why, when it is not run
}

func blocks(t *testing.T, markdown string) []block {
	t.Helper()
	var out []block
	var open *block
	var notRun string
	for line := range strings.Lines(markdown) {
		trimmed := strings.TrimSpace(line)
		reason, isNote := strings.CutPrefix(strings.TrimSuffix(trimmed, "-->"), "<!-- not run:")
		switch {
		case open != nil && strings.HasPrefix(trimmed, "```"):
			out, open, notRun = append(out, *open), nil, ""
		case open != nil:
			open.text += line
		case strings.HasPrefix(trimmed, "```"):
			open = &block{language: strings.Trim(trimmed, "`"), notRun: notRun}
		case isNote:
			if notRun = strings.TrimSpace(reason); notRun == "" {
				t.Error("a block is not run, but no reason why")
			}
		case trimmed != "":
			notRun = ""
		}
	}
	return out
}

// commands are those of a shell block; a backslash at its end joins a line with the
// next.
func (b block) commands() []string {
	if b.language != "sh" {
		return nil
	}
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// TestCommandsInTheGuide runs every helm command of the guide as far as it goes
// without a cluster: its flags are known, its files are there, and what it installs
// renders and is valid. Files of kubectl commands are valid too; test/e2e applies
// them. What needs a cluster of its own says so with <!-- not run: REASON -->.
func TestCommandsInTheGuide(t *testing.T) {
	run := 0
	for _, b := range blocks(t, readFile(t, guideFile)) {
		for _, command := range b.commands() {
			words := strings.Fields(command)
			switch {
			case b.notRun != "":
			case words[0] == "helm" && len(words) > 2 && slices.Contains([]string{"install", "upgrade", "template"}, words[1]):
				run++
				runHelm(t, command, words[2:])
			case words[0] == "kubectl" && len(words) > 3 && words[1] == "apply" && words[2] == "-f":
				run++
				applyFile(t, command, words[3])
			default:
				t.Errorf("nobody runs %q: say why with <!-- not run: REASON -->", command)
			}
		}
		if b.language == "yaml" && b.notRun == "" {
			run++
			readYAMLBlock(t, b.text)
		}
	}
	if run < 10 {
		t.Errorf("the guide shows %d commands and files", run)
	}
}

// runHelm does what helm install, upgrade and template do before they talk to a
// cluster, for the flags that the guide uses.
func runHelm(t *testing.T, command string, words []string) {
	t.Helper()
	values, o := map[string]any{}, options{}
	var names []string
	for i := 0; i < len(words); i++ {
		flag, value, inline := strings.Cut(words[i], "=")
		if strings.HasPrefix(flag, "-") && !inline && !slices.Contains([]string{"--create-namespace", "--install"}, flag) {
			if i++; i == len(words) {
				t.Errorf("%s: %s has no value", command, flag)
				return
			}
			value = words[i]
		}
		switch flag {
		case "--namespace", "-n":
			o.namespace = value
		case "--values", "-f":
			values = merge(values, parse(t, readFile(t, filepath.Join(root, value))))
		case "--set":
			if err := strvals.ParseInto(strings.Trim(value, `'"`), values); err != nil {
				t.Errorf("%s: %v", command, err)
			}
		case "--create-namespace", "--install":
		default:
			if strings.HasPrefix(flag, "-") {
				t.Errorf("%s: add the flag %s to this test", command, flag)
				return
			}
			names = append(names, words[i])
		}
	}
	if len(names) != 2 || names[1] != "charts/mcp-server" {
		t.Errorf("%s: installs %q, want a release and charts/mcp-server", command, names)
		return
	}
	o.release = names[0]
	r, err := render(t, values, o)
	if err != nil {
		t.Errorf("%s: %v", command, err)
		return
	}
	for _, problem := range r.check(values) {
		t.Errorf("%s: %v", command, problem)
	}
}

func applyFile(t *testing.T, command, file string) {
	t.Helper()
	for doc := range strings.SplitSeq("\n"+readFile(t, filepath.Join(root, file)), "\n---") {
		if o := object(parse(t, doc)); len(o) > 0 {
			for _, problem := range validate(o) {
				t.Errorf("%s: %s: %v", command, o, problem)
			}
		}
	}
}

// readYAMLBlock renders values and validates objects that the guide shows.
func readYAMLBlock(t *testing.T, text string) {
	t.Helper()
	for doc := range strings.SplitSeq("\n"+text, "\n---") {
		content := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(doc), &content); err != nil {
			t.Errorf("cannot read a block of the guide: %v\n%s", err, doc)
			continue
		}
		if content["kind"] != nil {
			for _, problem := range validate(content) {
				t.Errorf("%s: %v", object(content), problem)
			}
			continue
		}
		r, err := render(t, content, options{})
		if err != nil {
			t.Errorf("cannot render values of the guide: %v\n%s", err, doc)
			continue
		}
		for _, problem := range r.check(content) {
			t.Errorf("values of the guide: %v\n%s", problem, doc)
		}
	}
}

// TestControllersInTheGuide: the tables are those of catalog/controllers.yaml.
func TestControllersInTheGuide(t *testing.T) {
	table, err := catalog.LoadControllers()
	if err != nil {
		t.Fatal(err)
	}
	guide := readFile(t, guideFile)
	want := between(t, guide, "gateway controllers", gatewayTable(table))
	want = between(t, want, "ingress controllers", ingressTable(table))
	if guide == want {
		return
	}
	if !*update {
		t.Errorf("tables in docs/gateway-api.md: -guide, +catalog (go -C test/charts test . -update rewrites them):\n%s", cmp.Diff(guide, want))
		return
	}
	if err := os.WriteFile(guideFile, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// between replaces what stands between the markers of a name.
func between(t *testing.T, text, name, content string) string {
	t.Helper()
	begin, end := "<!-- begin: "+name+" -->\n", "<!-- end: "+name+" -->"
	before, rest, found := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("docs/gateway-api.md has no %q and %q", begin, end)
	}
	return before + begin + content + end + after
}

func gatewayTable(table *catalog.Controllers) string {
	var out strings.Builder
	out.WriteString("| `gateway.controller` | timeouts of the route | without the chart: total, idle | what the chart attaches | with the chart | what nobody can promise |\n")
	out.WriteString("|---|---|---|---|---|---|\n")
	for _, row := range table.Gateway {
		fmt.Fprintf(&out, "| `%s` (%s %s) | %s | %s | %s | %s | %s |\n", row.Name, row.Title, row.Versions,
			handling(row.Timeouts), limits(row.Clocks), attached(row.ControllerFacts), row.Guaranteed, row.Cannot)
	}
	return out.String()
}

func ingressTable(table *catalog.Controllers) string {
	var out strings.Builder
	out.WriteString("| `ingress.controller` | without the chart: total, idle | what the chart attaches | with the chart | what nobody can promise |\n")
	out.WriteString("|---|---|---|---|---|\n")
	for _, row := range table.Ingress {
		fmt.Fprintf(&out, "| `%s` (%s %s) | %s | %s | %s | %s |\n", row.Name, row.Title, row.Versions,
			limits(row.Clocks), attached(row.ControllerFacts), row.Guaranteed, row.Cannot)
	}
	return out.String()
}

func handling(timeouts catalog.Timeouts) string {
	if timeouts.Request == timeouts.BackendRequest {
		return string(timeouts.Request)
	}
	return fmt.Sprintf("request %s, backendRequest %s", timeouts.Request, timeouts.BackendRequest)
}

func limits(clocks catalog.Clocks) string { return clocks.Total + ", " + clocks.Idle }

// attached names the kind or the annotations.
func attached(facts catalog.ControllerFacts) string {
	var out []string
	if facts.Policy != nil {
		out = append(out, facts.Policy.Kind)
	}
	if facts.Annotations != nil {
		out = append(out, "annotations of the "+facts.Annotations.Carrier)
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " and ")
}
