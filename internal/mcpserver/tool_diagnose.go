package mcpserver

import (
	"context"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type diagnoseInput struct {
	Namespace string `json:"namespace,omitempty" jsonschema:"Only what is wrong in this namespace, and with objects of the cluster as a whole."`
	Severity  string `json:"severity,omitempty" jsonschema:"The least severity to tell."`
}

type diagnoseOutput struct {
	Summary  diagnose.Summary   `json:"summary" jsonschema:"How many findings there are, by severity, before any are left out."`
	Findings []diagnose.Finding `json:"findings" jsonschema:"What is wrong, by object, the worst first; fix.actions hold what can be applied, and the command of each."`
	Omitted  int                `json:"omitted,omitempty" jsonschema:"How many more there are than one answer holds: narrow the question."`
	Unseen   []topology.Unseen  `json:"unseen,omitempty" jsonschema:"Kinds that could not be judged, so that something may be missing here."`
}

func diagnoseTool() Tool {
	return tool(definition{
		name:  "diagnose",
		title: "Diagnose the way into the cluster",
		description: "Says what is wrong with Gateways, listeners, routes, backends, grants, timeouts that cut streams, Ingresses, scaling to zero, monitoring, and Crossplane's Releases: " +
			"on which object and field, why it matters, and the exact fix as a manifest or patch with its kubectl command. It changes nothing. " +
			"Use it first when something does not work and you do not know where; where one Service is meant, get_exposure answers more directly. " +
			"TLS Secrets are not read here: what a certificate lacks is known only as far as the Gateway's controller tells it.",
		effect: reads,
		tune: func(p map[string]*jsonschema.Schema) {
			objectName(p["namespace"])
			oneOf(p["severity"], string(diagnose.Info), string(diagnose.Warning), string(diagnose.Error))
		},
	}, func(ctx context.Context, c *call, in diagnoseInput) (*mcp.CallToolResult, diagnoseOutput, error) {
		snapshot, err := c.snapshot(ctx, topology.Options{Deep: true})
		if err != nil {
			return nil, diagnoseOutput{}, err
		}
		running, _ := c.live.Version(ctx) // without it the checks that need it are silent
		findings, err := diagnose.Diagnose(snapshot, diagnose.Options{Now: metav1.Now(), Kubernetes: running, Namespace: in.Namespace})
		if err != nil {
			return nil, diagnoseOutput{}, err
		}
		report := diagnose.NewReport(findings, snapshot.Unseen)
		out := diagnoseOutput{Summary: report.Summary, Unseen: report.Unseen}
		out.Findings, out.Omitted = fitting(slices.DeleteFunc(report.Findings, func(f diagnose.Finding) bool { return !in.wants(f.Severity) }))
		return nil, out, nil
	})
}

func (in diagnoseInput) wants(s diagnose.Severity) bool {
	switch in.Severity {
	case string(diagnose.Error):
		return s == diagnose.Error
	case string(diagnose.Warning):
		return s != diagnose.Info
	}
	return true
}
