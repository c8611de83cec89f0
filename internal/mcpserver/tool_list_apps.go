package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type appsInput struct {
	Cluster   string `json:"cluster,omitempty" jsonschema:"YAML with one Cluster, to say what it has on. Instead of namespace and name."`
	Namespace string `json:"namespace,omitempty" jsonschema:"Namespace of a Cluster that exists, to say what it has on. Needs name."`
	Name      string `json:"name,omitempty" jsonschema:"Name of a Cluster that exists. Needs namespace."`
}

type appsOutput struct {
	Cluster string `json:"cluster,omitempty" jsonschema:"Namespace and name of the Cluster that was asked about."`
	Apps    []app  `json:"apps" jsonschema:"What can be installed."`
}

type app struct {
	App       string    `json:"app,omitempty" jsonschema:"Name in spec.parameters.apps. Absent for what is installed without being asked for."`
	Always    string    `json:"always,omitempty" jsonschema:"On which providers it is installed without being asked for."`
	Chart     string    `json:"chart,omitempty" jsonschema:"Name of the chart."`
	Image     string    `json:"image,omitempty" jsonschema:"Name of the image, of what is installed without a chart."`
	Version   string    `json:"version" jsonschema:"Version that is installed unless the Cluster pins another one."`
	Namespace string    `json:"namespace" jsonschema:"Namespace it is installed into."`
	Summary   string    `json:"summary" jsonschema:"What it is for."`
	State     *appState `json:"state,omitempty" jsonschema:"What the Cluster that was asked about says of the app. Absent if none was asked about."`
}

type appState struct {
	Enabled bool   `json:"enabled" jsonschema:"Whether the Cluster has it on."`
	Seen    bool   `json:"seen" jsonschema:"Whether it was observed in the cluster; the rest is unknown without it."`
	Version string `json:"version,omitempty" jsonschema:"Version that was observed."`
	Ready   bool   `json:"ready" jsonschema:"Whether all of it is ready."`
	Reason  string `json:"reason,omitempty" jsonschema:"Why it is ready or not."`
}

func listApps() Tool {
	return tool(definition{
		name:  "list_apps",
		title: "List apps",
		description: "Lists what a Cluster can have installed: charts with versions and namespaces. " +
			"With a Cluster, as YAML or by namespace and name in the cluster, it also says what that Cluster has on, in which version, and whether it is ready. " +
			"Use it to find the name of an app, or why an app is missing.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			yamlText(p["cluster"], mostYAML)
			objectName(p["namespace"], p["name"])
		},
	}, func(ctx context.Context, c *call, in appsInput) (*mcp.CallToolResult, appsOutput, error) {
		out := appsOutput{Apps: appsOf(c.catalog)}
		obj, err := in.object(ctx, c)
		if err != nil {
			return nil, appsOutput{}, err
		}
		if obj != nil {
			plan, err := c.planner.Plan(obj, composed.Observed{Composite: composed.JSON(obj)})
			if err != nil {
				return nil, appsOutput{}, err
			}
			out.Cluster = plan.Cluster.Namespace + "/" + plan.Cluster.Name
			setStates(out.Apps, plan, composed.JSON(obj))
		}
		return plainText(appsText(out)), out, nil
	})
}

// object is the Cluster that was asked about; nil if none was.
func (in appsInput) object(ctx context.Context, c *call) (map[string]any, error) {
	named := in.Namespace != "" || in.Name != ""
	switch {
	case in.Cluster != "" && named:
		return nil, errors.New("cannot tell which Cluster is meant: give cluster, or namespace and name, not both")
	case named && (in.Namespace == "" || in.Name == ""):
		return nil, errors.New("cannot find a Cluster by half its name: give namespace and name")
	case named:
		live, err := c.cluster()
		if err != nil {
			return nil, err
		}
		obj, err := live.Get(ctx, clusterKind(), in.Namespace, in.Name)
		if err != nil {
			return nil, fmt.Errorf("cannot read Cluster %q: %w", in.Namespace+"/"+in.Name, err)
		}
		return obj.Object, nil
	case in.Cluster != "":
		return oneCluster(in.Cluster)
	default:
		return nil, nil //nolint:nilnil // no Cluster was asked about, which is fine
	}
}

// oneCluster reads YAML in which exactly one Cluster stands.
func oneCluster(yaml string) (map[string]any, error) {
	documents, err := clusterText("cluster", yaml).documents()
	if err != nil {
		return nil, err
	}
	var found []render.Document
	for _, d := range documents {
		if d.IsCluster() {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("cannot read %q: %w", "cluster", render.ErrNoCluster)
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("cannot read %q: it has %d Clusters, give one", "cluster", len(found))
	}
	return found[0].Object, nil
}

func appsOf(all *catalog.Catalog) []app {
	out := make([]app, 0, len(all.Charts)+len(all.Images))
	for _, chart := range all.Charts {
		out = append(out, app{App: chart.App, Always: chart.Always, Chart: chart.Name, Version: chart.Version, Namespace: chart.Namespace, Summary: chart.Summary})
	}
	for _, image := range all.Images {
		out = append(out, app{App: image.App, Image: image.Name, Version: image.Version, Namespace: image.Namespace, Summary: image.Summary})
	}
	return out
}

// setStates says of each app what the Cluster asks for and what its status says.
func setStates(apps []app, plan *compose.Plan, obj composed.JSON) {
	enabled := map[string]bool{}
	for _, state := range plan.Apps {
		enabled[state.Name] = true
	}
	for i, a := range apps {
		if a.App == "" {
			continue
		}
		state := &appState{Enabled: enabled[a.App]}
		if status, ok := obj.Field("status", "apps", a.App).(map[string]any); ok {
			state.Seen = true
			state.Version, _ = status["version"].(string)
			state.Ready, _ = status["ready"].(bool)
			state.Reason, _ = status["reason"].(string)
		}
		apps[i].State = state
	}
}

func appsText(out appsOutput) string {
	var b strings.Builder
	if out.Cluster != "" {
		fmt.Fprintf(&b, "Cluster %s\n", out.Cluster)
	}
	for _, a := range out.Apps {
		name := a.App
		if name == "" {
			name = "(" + a.Always + ")"
		}
		fmt.Fprintf(&b, "%s: %s %s in %s, %s%s\n", name, a.Chart+a.Image, a.Version, a.Namespace, a.Summary, a.State.words())
	}
	return b.String()
}

func (s *appState) words() string {
	switch {
	case s == nil:
		return ""
	case !s.Enabled && !s.Seen:
		return " [off]"
	case !s.Seen:
		return " [on, not observed]"
	}
	words := "on"
	if !s.Enabled {
		words = "off, but still there"
	}
	if s.Version != "" {
		words += ", " + s.Version
	}
	if s.Ready {
		return " [" + words + ", ready]"
	}
	return fmt.Sprintf(" [%s, not ready: %s]", words, s.Reason)
}
