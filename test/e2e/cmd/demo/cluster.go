package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

const cluster = `apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: demo, namespace: default}
spec:
  crossplane:
    compositionSelector:
      matchLabels: {provider: existing, cluster: any}
  parameters:
    nodeSize: small
    namespaces: [team-a]
    existing:
      kubeconfigSecretRef: {name: demo, key: kubeconfig}
    apps:
      envoyGateway: {enabled: true}
      keda: {enabled: true}
      prometheus: {enabled: true}
`

// demo follows one Cluster and prints what becomes of it.
type demo struct {
	plane *plane.Plane
	out   io.Writer
}

func reference() *unstructured.Unstructured {
	return plane.Reference("devopstoolkit.ai/v2", "Cluster", "default", "demo")
}

// create creates the Cluster and prints each of its resources as it gets ready.
func (d *demo) create(ctx context.Context) error {
	_, _ = fmt.Fprintf(d.out, "\n%s\n", indent(cluster))
	if err := d.plane.WriteKubeconfigSecret(ctx, "default", "demo", "kubeconfig"); err != nil {
		return err
	}
	if err := d.plane.ApplyYAML(ctx, cluster); err != nil {
		return err
	}
	begun := time.Now()
	seen := map[string]bool{}
	xr := reference()
	err := d.plane.WaitFor(ctx, xr, func(o *unstructured.Unstructured) error {
		for _, line := range d.news(ctx, o, seen) {
			_, _ = fmt.Fprintf(d.out, "  %5.1f s  %s\n", time.Since(begun).Seconds(), line)
		}
		if !isTrue(o, "Ready") {
			return errors.New("the Cluster is not ready")
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(d.out, "\nThe Cluster is ready after %.1f s. Its status, for whoever builds on it:\n\n", time.Since(begun).Seconds())
	status, _, _ := unstructured.NestedMap(xr.Object, "status")
	delete(status, "conditions")
	raw, err := yaml.Marshal(status)
	if err != nil {
		return fmt.Errorf("cannot print the status: %w", err)
	}
	_, _ = fmt.Fprint(d.out, indent(string(raw)))
	return nil
}

// news are the resources that became ready since the last look.
func (d *demo) news(ctx context.Context, xr *unstructured.Unstructured, seen map[string]bool) []string {
	refs, _, _ := unstructured.NestedSlice(xr.Object, "spec", "crossplane", "resourceRefs")
	var out []string
	for _, item := range refs {
		ref, _ := item.(map[string]any)
		kind, _ := ref["kind"].(string)
		name, _ := ref["name"].(string)
		apiVersion, _ := ref["apiVersion"].(string)
		id := kind + " " + name
		if seen[id] || (kind != "Release" && kind != "Object") {
			continue
		}
		o := plane.Reference(apiVersion, kind, "default", name)
		if err := d.plane.Client().Get(ctx, client.ObjectKeyFromObject(o), o); err != nil || !isTrue(o, "Ready") {
			continue
		}
		seen[id] = true
		out = append(out, describe(o)+" is ready")
	}
	slices.Sort(out)
	return out
}

func describe(o *unstructured.Unstructured) string {
	if o.GetKind() == "Release" {
		name, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "chart", "name")
		version, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "chart", "version")
		return fmt.Sprintf("chart %s %s", name, version)
	}
	kind, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "manifest", "kind")
	name, _, _ := unstructured.NestedString(o.Object, "spec", "forProvider", "manifest", "metadata", "name")
	return kind + " " + name
}

// refuse makes a change that the API server takes and the function does not.
func (d *demo) refuse(ctx context.Context) error {
	const change = `{"spec":{"parameters":{"namespaces":["team-a","Team_B"],"apps":{"keda":{"enabled":false}}}}}`
	_, _ = fmt.Fprintf(d.out, "kubectl patch cluster demo --type merge -p '%s'\n\n", change)
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
	_, _ = fmt.Fprintf(d.out, "Synced is False:\n\n%s\n", indent(message))
	keda := plane.Reference("helm.m.crossplane.io/v1beta1", "Release", "default", "demo-app-keda")
	if err := d.plane.Client().Get(ctx, client.ObjectKeyFromObject(keda), keda); err != nil {
		return fmt.Errorf("cannot find KEDA's Release after a refused change: %w", err)
	}
	say(d.out, "\nKEDA, which the same change would have switched off, is as it was: "+describe(keda)+".")
	return nil
}

func condition(o *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
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

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}
