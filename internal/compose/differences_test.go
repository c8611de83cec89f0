package compose_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// difference is a deliberate difference from the reference renderings. Its name
// stands in docs/differences.md, with the reason.
type difference struct {
	name  string
	apply func(want map[string]referenceResource)
}

// differences lists every deliberate difference that the reference renderings
// show.
func differences() []difference {
	return []difference{
		{"argocd-admin-password", func(want map[string]referenceResource) {
			each(want, "-app-argo-cd", func(obj map[string]any) {
				delete(at(obj, "spec", "forProvider", "values", "configs"), "secret")
			})
		}},
		{"external-secrets-v1", func(want map[string]referenceResource) {
			for _, suffix := range []string{"-app-secret-store", "-secret-else", "-secret-push-secret"} {
				each(want, suffix, func(obj map[string]any) {
					at(obj, "spec", "forProvider", "manifest")["apiVersion"] = "external-secrets.io/v1"
				})
			}
		}},
		{"oci-chart-repository", func(want map[string]referenceResource) {
			each(want, "-app-gateway-helm", func(obj map[string]any) {
				chart := at(obj, "spec", "forProvider", "chart")
				delete(chart, "url")
				chart["repository"] = "oci://docker.io/envoyproxy"
			})
		}},
		{"interceptor-reference-grant", func(want map[string]referenceResource) {
			// What is new is taken over from what is composed like it.
			each(want, "-app-envoy-gateway", func(obj map[string]any) {
				name := strings.TrimSuffix(at(obj, "metadata")["name"].(string), "envoy-gateway") + "keda-interceptor-grant"
				of := at(want[strings.TrimSuffix(name, "keda-interceptor-grant")+"envoy-gateway-usage"].Object, "spec", "of")
				want[name] = referenceResource{Object: grantObject(name, at(obj, "spec", "providerConfigRef"))}
				want[name+"-usage"] = referenceResource{Ready: true, Object: grantUsage(name, of)}
			})
		}},
		{"cilium-native-routing-cidr", func(want map[string]referenceResource) {
			each(want, "-app-cilium", func(obj map[string]any) {
				forProvider := at(obj, "spec", "forProvider")
				var known []any
				for _, item := range forProvider["set"].([]any) {
					if item.(map[string]any)["value"] != nil {
						known = append(known, item)
					}
				}
				forProvider["set"] = known
			})
		}},
	}
}

// The difference of a first rendering, and those that only other inputs show,
// stand in the document without being applied here.
func TestDifferencesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences() {
		if !strings.Contains(string(doc), "`"+d.name+"`") {
			t.Errorf("docs/differences.md does not give the reason of %q", d.name)
		}
	}
}

// Each difference has to apply: one that changes nothing would hide that the
// reference, or the reason, is gone.
func TestDifferencesApply(t *testing.T) {
	for _, d := range differences() {
		changed := false
		for _, name := range []string{"aws-all", "azure-all", "google-all"} {
			before := normal(t, loadReference(t, name).Resources)
			ref := loadReference(t, name)
			d.apply(ref.Resources)
			changed = changed || !equal(before, normal(t, ref.Resources))
		}
		if !changed {
			t.Errorf("difference %q changes no reference rendering", d.name)
		}
	}
}

func each(want map[string]referenceResource, suffix string, change func(obj map[string]any)) {
	for key, r := range want {
		if strings.HasSuffix(key, suffix) {
			change(r.Object)
		}
	}
}

func at(obj map[string]any, path ...string) map[string]any {
	found, _ := composed.JSON(obj).Field(path...).(map[string]any)
	return found
}

func grantObject(name string, providerConfigRef map[string]any) map[string]any {
	routes := func(ns string) map[string]any {
		return map[string]any{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": ns}
	}
	return map[string]any{
		"apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
		"kind":       "Object",
		"metadata": map[string]any{
			"name":        name,
			"annotations": map[string]any{"crossplane.io/external-name": "keda-interceptor-grant"},
		},
		"spec": map[string]any{
			"providerConfigRef": providerConfigRef,
			"forProvider": map[string]any{"manifest": map[string]any{
				"apiVersion": "gateway.networking.k8s.io/v1beta1",
				"kind":       "ReferenceGrant",
				"metadata":   map[string]any{"name": "httproutes-to-interceptor", "namespace": "keda"},
				"spec": map[string]any{
					"from": []any{routes("dev"), routes("production")},
					"to":   []any{map[string]any{"group": "", "kind": "Service", "name": "keda-add-ons-http-interceptor-proxy"}},
				},
			}},
		},
	}
}

func grantUsage(name string, of map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "protection.crossplane.io/v1beta1",
		"kind":       "Usage",
		"metadata": map[string]any{
			"name":        name + "-usage",
			"annotations": map[string]any{"crossplane.io/external-name": name + "-usage"},
		},
		"spec": map[string]any{
			"of": of,
			"by": map[string]any{
				"apiVersion":  "kubernetes.m.crossplane.io/v1alpha1",
				"kind":        "Object",
				"resourceRef": map[string]any{"name": name},
			},
		},
	}
}
