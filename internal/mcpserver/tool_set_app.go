package mcpserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

type setAppInput struct {
	Namespace string `json:"namespace" jsonschema:"Namespace of the Cluster."`
	Name      string `json:"name" jsonschema:"Name of the Cluster."`
	App       string `json:"app" jsonschema:"Name of the app, as list_apps gives it, for example keda."`
	Enabled   bool   `json:"enabled" jsonschema:"true switches the app on, false off."`
	Confirm   bool   `json:"confirm,omitempty" jsonschema:"Only in the second call, after a person agreed to what the first one showed."`
	Digest    string `json:"digest,omitempty" jsonschema:"The digest that the first call returned. Needed with confirm."`
}

type setAppOutput struct {
	Applied bool     `json:"applied" jsonschema:"Whether the Cluster was changed."`
	Note    string   `json:"note" jsonschema:"What was done, or what to do next."`
	Digest  string   `json:"digest,omitempty" jsonschema:"Names exactly this change, for the call that confirms it. Absent once there is nothing to confirm."`
	Lost    int      `json:"lost" jsonschema:"How many resources are deleted or re-created, or cannot change in place."`
	Changes []change `json:"changes" jsonschema:"What happens to what the Cluster is composed of, what is lost first. release: taken out of management, it stays in the cluster."`
	Omitted int      `json:"omitted,omitempty" jsonschema:"How many more changes there are than one answer holds."`
}

func setApp() Tool {
	return tool(definition{
		name:  "set_app",
		title: "Switch an app on or off",
		description: "Switches one app of a Cluster on or off. It tries the change out on the API server first and shows what would be created, changed, deleted and taken out of management. " +
			"Then it asks the person, where the client can ask; otherwise the first call returns a digest, and only a second call with confirm and this digest changes anything. " +
			"Never confirm without showing the person the changes.",
		effect: writes,
		tune: func(p map[string]*jsonschema.Schema) {
			requiredName(p["namespace"], p["name"])
			p["app"].MaxLength = new(63)
			p["digest"].MaxLength = new(64)
		},
	}, func(ctx context.Context, c *call, in setAppInput) (result *mcp.CallToolResult, out setAppOutput, err error) {
		for range mostTries {
			if result, out, err = trySetApp(ctx, c, in); !moved(err) {
				break
			}
		}
		return result, out, err
	})
}

// mostTries is how often a change is begun anew when the Cluster has moved on
// meanwhile. Crossplane writes its status several times a second while it comes up.
const mostTries = 5

// moved tells whether the API server refused a change because the Cluster is not the
// one any more that it was made for. Trying again is safe: what the person agreed to is
// compared with what would happen now, each time.
func moved(err error) bool { return apierrors.IsConflict(err) && ownersIn(err) == "" }

func trySetApp(ctx context.Context, c *call, in setAppInput) (*mcp.CallToolResult, setAppOutput, error) {
	s, err := prepare(ctx, c, in)
	if err != nil {
		return nil, setAppOutput{}, err
	}
	if s.same {
		return nil, s.output(fmt.Sprintf("%s is %s already", in.App, onOff(in.Enabled))), nil
	}
	agreed, result, note, err := s.consent()
	if err != nil || result != nil {
		return result, setAppOutput{}, err
	}
	if !agreed {
		out := s.output(note)
		return plainText(note + "\n\n" + s.text), out, nil
	}
	if err := s.write(ctx); err != nil {
		return nil, setAppOutput{}, err
	}
	out := s.output(fmt.Sprintf("%s is switched %s; wait_ready tells when the Cluster is ready again", in.App, onOff(in.Enabled)))
	out.Applied, out.Digest = true, ""
	return plainText(out.Note + "\n\n" + s.text), out, nil
}

func onOff(enabled bool) string {
	if enabled {
		return "on"
	}
	return "off"
}

// setting is a change that the API server and the plan have agreed to, and that
// nobody has confirmed yet.
type setting struct {
	*call

	in      setAppInput
	live    Cluster
	fields  *unstructured.Unstructured
	force   bool
	owners  string
	same    bool
	digest  string
	changes []render.Change
	text    string
}

// prepare tries a change out.
func prepare(ctx context.Context, c *call, in setAppInput) (*setting, error) {
	if names := appNames(c.catalog); !slices.Contains(names, in.App) {
		return nil, fmt.Errorf("cannot find an app %q: there are %s", in.App, strings.Join(names, ", "))
	}
	live, err := c.cluster()
	if err != nil {
		return nil, err
	}
	now, err := live.Get(ctx, clusterKind(), in.Namespace, in.Name)
	if err != nil {
		return nil, fmt.Errorf("cannot read Cluster %q: %w", in.Namespace+"/"+in.Name, err)
	}
	s := &setting{call: c, in: in, live: live, fields: fieldsOf(in, now)}
	if enabled, _ := composed.JSON(now.Object).Field("spec", "parameters", "apps", in.App, "enabled").(bool); enabled == in.Enabled {
		s.same = true
		return s, nil
	}
	// What is wrong is said by the plan, whose messages are better, before the API
	// server is asked.
	wanted := now.DeepCopy()
	if err := unstructured.SetNestedField(wanted.Object, in.Enabled, "spec", "parameters", "apps", in.App, "enabled"); err != nil {
		return nil, fmt.Errorf("cannot set spec.parameters.apps.%s.enabled: %w", in.App, err)
	}
	if _, err := s.planned(ctx, wanted); err != nil {
		return nil, fmt.Errorf("cannot switch %s %s: %w", in.App, onOff(in.Enabled), err)
	}
	before, err := s.planned(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("cannot compare with the Cluster as it is: %w", err)
	}
	become, err := s.dryRun(ctx)
	if err != nil {
		return nil, err
	}
	after, err := s.planned(ctx, become)
	if err != nil {
		return nil, fmt.Errorf("cannot switch %s %s: %w", in.App, onOff(in.Enabled), err)
	}
	s.changes = diff(before, after)
	return s, s.describe(now)
}

// appNames are the names of all apps, sorted.
func appNames(all *catalog.Catalog) []string {
	var out []string
	for _, chart := range all.Charts {
		out = append(out, chart.App)
	}
	for _, image := range all.Images {
		out = append(out, image.App)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(name string) bool { return name == "" })
}

// fieldsOf is the one field that is applied. The resourceVersion is that of the
// Cluster that was shown: the API server refuses the change if it has moved on.
func fieldsOf(in setAppInput, now *unstructured.Unstructured) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"parameters": map[string]any{"apps": map[string]any{in.App: map[string]any{"enabled": in.Enabled}}}},
	}}
	out.SetGroupVersionKind(clusterKind())
	out.SetNamespace(in.Namespace)
	out.SetName(in.Name)
	out.SetResourceVersion(now.GetResourceVersion())
	return out
}

// owner is the field manager, another one for each app: what an owner does not
// apply again is taken out of the object, and each call applies one field.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
func (s *setting) owner() string { return "gatehouse-mcp-" + s.in.App }

func (s *setting) planned(ctx context.Context, obj *unstructured.Unstructured) ([]render.Rendered, error) {
	release, err := s.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	name := fmt.Sprintf("Cluster %s/%s", s.in.Namespace, s.in.Name)
	return s.renderer.Render([]render.Document{{Source: name, Index: 1, Object: obj.Object}}, nil)
}

// dryRun asks the API server what the Cluster would become. A field that somebody
// else owns is taken, which the person is told.
func (s *setting) dryRun(ctx context.Context) (*unstructured.Unstructured, error) {
	become, err := s.live.Apply(ctx, s.fields.DeepCopy(), ApplyOptions{Owner: s.owner(), DryRun: true})
	if owners := ownersIn(err); owners != "" {
		s.force, s.owners = true, owners
		become, err = s.live.Apply(ctx, s.fields.DeepCopy(), ApplyOptions{Owner: s.owner(), DryRun: true, Force: true})
	}
	if err != nil {
		return nil, fmt.Errorf("cannot switch %s %s: the API server refuses it: %w", s.in.App, onOff(s.in.Enabled), err)
	}
	return become, nil
}

// ownersIn says who owns the fields of a conflict; nothing for any other error.
func ownersIn(err error) string {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return ""
	}
	var out []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			out = append(out, cause.Message)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; ")
}

// describe writes what would happen, and names it by a digest: of the object, of
// what users asked of it (not of its status, which changes all the time), and of
// everything that was shown.
func (s *setting) describe(now *unstructured.Unstructured) error {
	var b bounded
	if s.owners != "" {
		s.text = fmt.Sprintf("The field is taken from its owner, who may put it back: %s\n", s.owners)
	}
	if err := render.WriteDiff(&b, s.changes); err != nil {
		return fmt.Errorf("cannot show %d changes: they have more than %d bytes. Change the Cluster by hand", len(s.changes), mostOutput)
	}
	s.text += b.String()
	raw, err := json.Marshal([]any{now.GetUID(), now.GetGeneration(), s.in.Namespace, s.in.Name, s.in.App, s.in.Enabled, s.owners, s.changes})
	if err != nil {
		return fmt.Errorf("cannot name the change: %w", err)
	}
	sum := sha256.Sum256(raw)
	s.digest = hex.EncodeToString(sum[:16])
	return nil
}

// askID is the name of the only question that is asked.
const askID = "confirm"

// consent finds out whether the person agrees. A result is the question, which the
// client answers by calling again.
func (s *setting) consent() (agreed bool, question *mcp.CallToolResult, note string, err error) {
	params := s.req.Params
	switch {
	case params.InputResponses != nil:
		agreed, note, err = s.answered(params.InputResponses[askID], params.RequestState)
		return agreed, nil, note, err
	case s.canAsk():
		return false, s.question(), "", nil
	case s.in.Confirm && s.in.Digest == s.digest:
		return true, nil, "", nil
	case s.in.Confirm:
		return false, nil, "", fmt.Errorf("cannot switch %s %s: the digest %q is not that of what would happen now, "+
			"so somebody would confirm something else than was shown. Call without confirm, and show the changes", s.in.App, onOff(s.in.Enabled), s.in.Digest)
	default:
		return false, nil, "nothing is changed yet: show the changes to the person and, if they agree, call again with confirm=true and digest=" + s.digest, nil
	}
}

// canAsk says whether the client shows questions of this server to a person.
func (s *setting) canAsk() bool {
	can := s.req.ClientCapabilities()
	return can != nil && can.Elicitation != nil && (can.Elicitation.Form != nil || can.Elicitation.URL == nil)
}

// mostQuestion is how much of the changes a question shows.
const mostQuestion = 4000

// question asks in the way of all revisions: the SDK turns it into a request to
// older clients. The state comes back with the answer.
func (s *setting) question() *mcp.CallToolResult {
	text := s.text
	if r := []rune(text); len(r) > mostQuestion {
		text = string(r[:mostQuestion]) + "\n…"
	}
	return &mcp.CallToolResult{
		InputRequests: mcp.InputRequestMap{askID: &mcp.ElicitParams{
			Mode:    "form",
			Message: fmt.Sprintf("Switch %s of Cluster %s/%s %s?\n\n%s", s.in.App, s.in.Namespace, s.in.Name, onOff(s.in.Enabled), text),
			// Nothing but yes or no: agreeing is the action itself.
			RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
		}},
		RequestState: s.digest,
	}
}

// answered reads the person's answer to a question that was asked with a state.
func (s *setting) answered(response mcp.InputResponse, state string) (agreed bool, note string, err error) {
	answer, ok := response.(*mcp.ElicitResult)
	if !ok {
		return false, "", fmt.Errorf("cannot find the answer to %q", askID)
	}
	if answer.Action != "accept" {
		return false, "nothing is changed: the person did not agree", nil
	}
	if state != s.digest {
		return false, "", fmt.Errorf("cannot switch %s %s: the Cluster has changed since the person was asked. Call again", s.in.App, onOff(s.in.Enabled))
	}
	return true, "", nil
}

func (s *setting) write(ctx context.Context) error {
	_, err := s.live.Apply(ctx, s.fields.DeepCopy(), ApplyOptions{Owner: s.owner(), Force: s.force})
	if err != nil {
		return fmt.Errorf("cannot switch %s %s: %w", s.in.App, onOff(s.in.Enabled), err)
	}
	return nil
}

func (s *setting) output(note string) setAppOutput {
	d := diffOf(s.changes)
	return setAppOutput{Note: note, Digest: s.digest, Lost: d.Lost, Changes: d.Changes, Omitted: d.Omitted}
}
