package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/internal/tree"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// namespace is where everything of the demo is that is not of the whole cluster.
const namespace = "gatehouse-demo"

// teamNamespace is one that the Cluster makes.
const teamNamespace = namespace + "-team"

// keyAnnotation is by what Crossplane tells composed resources apart.
const keyAnnotation = "crossplane.io/composition-resource-name"

// clusterYAML is a Cluster on the cluster that it is in, which is said in one of two ways.
const clusterYAML = `apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: demo, namespace: gatehouse-demo}
spec:
  crossplane:
    compositionSelector:
      matchLabels: {provider: existing, cluster: any}
  parameters:
    nodeSize: small
    namespaces: [` + teamNamespace + `]
    existing: {%s}
    apps:
      envoyGateway: {enabled: true}
      keda: {enabled: true}
      prometheus: {enabled: true}
`

// cluster is the demo's Cluster. Providers in pods have an identity in their cluster;
// those that are processes of a plane are given its kubeconfig.
func (m *means) cluster() string {
	if m.inPods {
		return fmt.Sprintf(clusterYAML, "inCluster: true")
	}
	return fmt.Sprintf(clusterYAML, "kubeconfigSecretRef: {name: demo, key: kubeconfig}")
}

func reference() *unstructured.Unstructured {
	return plane.Reference("devopstoolkit.ai/v2", "Cluster", namespace, "demo")
}

// planned is what the Cluster is composed of, in the end.
func (m *means) planned() ([]composed.Resource, error) {
	documents, err := render.Read("demo", strings.NewReader(m.cluster()))
	if err != nil {
		return nil, err
	}
	pinned, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	all, err := render.New(compose.NewPlanner(pinned)).Render(documents, nil)
	if err != nil {
		return nil, err
	}
	// Part by part, in the order in which the parts begin.
	begins := map[string]int{}
	var shown []composed.Resource
	for i, r := range all[0].Plan.All {
		if r.Object["kind"] == "Usage" {
			continue
		}
		if _, known := begins[r.For]; !known {
			begins[r.For] = i
		}
		shown = append(shown, r)
	}
	slices.SortStableFunc(shown, func(a, b composed.Resource) int { return begins[a.For] - begins[b.For] })
	return shown, nil
}

// progress is a Cluster on its way.
type progress struct {
	resources []composed.Resource
	begun     time.Time
	seen      map[string]bool          // by key: it is there
	ready     map[string]time.Duration // by key: since when
}

// createCluster creates the Cluster and shows what it is composed of as it gets ready.
func (d *demo) createCluster(ctx context.Context) error {
	d.screen.title("A Cluster on an existing cluster")
	d.screen.sayf("%s\n", indent(d.means.cluster()))
	resources, err := d.means.planned()
	if err != nil {
		return err
	}
	if !d.means.inPods {
		if err := d.plane.WriteKubeconfigSecret(ctx, namespace, "demo", "kubeconfig"); err != nil {
			return err
		}
	}
	if err := d.plane.ApplyYAML(ctx, d.means.cluster()); err != nil {
		return err
	}
	p := &progress{resources: resources, begun: time.Now(), seen: map[string]bool{}, ready: map[string]time.Duration{}}
	drawing := d.screen.draws(len(p.lines(d.screen.width, 0)))
	xr := reference()
	err = d.plane.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		news := p.look(ctx, d.plane, o)
		if drawing {
			d.screen.draw(p.lines(d.screen.width, time.Since(p.begun)))
		}
		for _, line := range news {
			if !drawing {
				d.screen.sayf("  %5.1f s  %s", time.Since(p.begun).Seconds(), line)
			}
		}
		if !isTrue(o, "Ready") {
			return fmt.Errorf("the Cluster is not ready: %s", messageOf(o, "Synced"))
		}
		return nil
	})
	d.screen.keep()
	if err != nil {
		return err
	}
	if !drawing {
		d.screen.sayf("\n%s", strings.Join(p.lines(d.screen.width, time.Since(p.begun)), "\n"))
	}
	d.screen.sayf("\nThe Cluster is ready after %.1f s. Its status, for whoever builds on it:\n", time.Since(p.begun).Seconds())
	status, _, _ := unstructured.NestedMap(xr.Object, "status")
	delete(status, "conditions")
	raw, err := yaml.Marshal(status)
	if err != nil {
		return fmt.Errorf("cannot print the status: %w", err)
	}
	d.screen.sayf("%s", indent(string(raw)))
	return nil
}

// look asks for every resource that the Cluster has, and returns what got ready.
func (p *progress) look(ctx context.Context, on *plane.Plane, xr *unstructured.Unstructured) []string {
	refs, _, _ := unstructured.NestedSlice(xr.Object, "spec", "crossplane", "resourceRefs")
	for _, item := range refs {
		ref, _ := item.(map[string]any)
		kind, _ := ref["kind"].(string)
		name, _ := ref["name"].(string)
		apiVersion, _ := ref["apiVersion"].(string)
		o := plane.Reference(apiVersion, kind, xr.GetNamespace(), name)
		// What cannot be read now is read the next time.
		if kind == "Usage" || on.Client().Get(ctx, client.ObjectKeyFromObject(o), o) != nil {
			continue
		}
		key := o.GetAnnotations()[keyAnnotation]
		p.seen[key] = true
		_, known := p.ready[key]
		// A ProviderConfig says nothing of itself: it is there.
		if !known && (isTrue(o, "Ready") || kind == "ProviderConfig") {
			p.ready[key] = time.Since(p.begun)
		}
	}
	return p.news()
}

// news are the resources that are ready and were not told of, in the plan's order.
func (p *progress) news() []string {
	var out []string
	for _, r := range p.resources {
		if _, ready := p.ready[r.Key]; ready && p.seen[r.Key] {
			told := "told " + r.Key
			if !p.seen[told] {
				p.seen[told] = true
				out = append(out, describe(r)+" is ready")
			}
		}
	}
	return out
}

// lines is the Cluster as a tree: what it consists of, part by part, and how far that is
// after some time.
func (p *progress) lines(width int, after time.Duration) []string {
	end := min(width, 80) - 1
	parts, ends := &tree.Node{}, []string{}
	part := parts
	for i, r := range p.resources {
		if i == 0 || p.resources[i-1].For != r.For {
			part, ends = parts.Add("%s", r.For), append(ends, "")
		}
		mark, when := p.state(r.Key)
		part.Add("%s %s", mark, describe(r))
		ends = append(ends, when)
	}
	var drawn strings.Builder
	_ = parts.Write(&drawn, 0) // a Builder takes everything
	lines := []string{pad("Cluster "+namespace+"/demo", fmt.Sprintf("%d of %d ready  %5.1f s", len(p.ready), len(p.resources), after.Seconds()), end)}
	for i, line := range strings.Split(strings.TrimSpace(drawn.String()), "\n") {
		lines = append(lines, strings.TrimRight(pad(line, ends[i], end), " "))
	}
	return lines
}

// state is how far a resource is, as a sign and in words.
func (p *progress) state(key string) (mark, words string) {
	at, ready := p.ready[key]
	switch {
	case ready:
		return "✓", fmt.Sprintf("%5.1f s", at.Seconds())
	case p.seen[key]:
		return "…", "under way"
	default:
		return "·", "waits"
	}
}

// describe names a composed resource by what it makes.
func describe(r composed.Resource) string {
	o := &unstructured.Unstructured{Object: r.Object}
	switch o.GetKind() {
	case "Release":
		name, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "chart", "name")
		version, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "chart", "version")
		return fmt.Sprintf("chart %s %s", name, version)
	case "Object":
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "manifest", "kind")
		name, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "manifest", "metadata", "name")
		return kind + " " + name
	default:
		group, _, _ := strings.Cut(o.GetAPIVersion(), ".")
		return fmt.Sprintf("%s %s of %s", o.GetKind(), o.GetName(), group)
	}
}

// refuse makes a change that the API server takes and the function does not.
func (d *demo) refuse(ctx context.Context) error {
	d.screen.title("A bad change is refused, and nothing that runs is touched")
	const change = `{"spec":{"parameters":{"namespaces":["Team_B"],
    "apps":{"keda":{"enabled":false}}}}}`
	d.screen.sayf("kubectl -n %s patch clusters.devopstoolkit.ai demo --type merge -p \\\n  '%s'\n", namespace, change)
	xr := reference()
	if err := d.plane.Client().Patch(ctx, xr, client.RawPatch(types.MergePatchType, []byte(change))); err != nil {
		return fmt.Errorf("cannot change the Cluster: %w", err)
	}
	message := ""
	err := d.plane.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		if message = messageOf(o, "Synced"); isTrue(o, "Synced") || !strings.Contains(message, "Team_B") {
			return errors.New("the change is not refused yet")
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.screen.sayf("Synced is False:\n\n%s", d.screen.broken(message))
	keda := plane.Reference(composed.HelmAPIVersion, "Release", namespace, "demo-app-keda")
	if err := d.plane.Client().Get(ctx, client.ObjectKeyFromObject(keda), keda); err != nil {
		return fmt.Errorf("cannot find KEDA's Release after a refused change: %w", err)
	}
	d.screen.sayf("\nKEDA, which the same change would have switched off, is as it was.")
	// As it was, for whoever tries the next thing.
	return d.plane.ApplyYAML(ctx, d.means.cluster())
}

func condition(o *unstructured.Unstructured, kind string) map[string]any {
	return conditionIn(o.Object, kind, "status", "conditions")
}

// conditionIn is a condition of those in some field.
func conditionIn(object map[string]any, kind string, fields ...string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object, fields...)
	for _, item := range conditions {
		if c, ok := item.(map[string]any); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

func isTrue(o *unstructured.Unstructured, kind string) bool {
	return condition(o, kind)["status"] == "True"
}

func messageOf(o *unstructured.Unstructured, kind string) string {
	message, _ := condition(o, kind)["message"].(string)
	return message
}
