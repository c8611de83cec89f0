package diagnose

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

// A Release that hangs in the middle: Helm was interrupted, and refuses to go on.
// provider-helm rolls back, or installs anew, only if it is told how often it may
// (shouldRollBack in
// https://github.com/crossplane-contrib/provider-helm/blob/v1.0.6/pkg/controller/namespaced/release/release.go).
func releaseStuck() Check {
	return Check{"release-stuck", "a Release that Helm left in the middle of an installation or upgrade, or that failed", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.Objects.Other("Release") {
			state := digText(r, "status", "atProvider", "state")
			limit, limited := dig(r, "spec", "rollbackLimit").(int64)
			failed, _ := dig(r, "status", "failed").(int64)
			bad := strings.HasPrefix(state, "pending-") || state == "failed"
			if !bad || limited && failed < limit {
				continue
			}
			told := topology.ConditionOf(conditionsOf(r), "Synced", r.GetGeneration())
			if told.State == topology.True {
				told = topology.ConditionOf(conditionsOf(r), "Ready", r.GetGeneration())
			}
			problem := fmt.Sprintf("Helm's release is %q, and nobody tries again", state)
			if limited {
				problem = fmt.Sprintf("Helm's release is %q after %d tries, which is all that spec.rollbackLimit allows", state, failed)
			}
			out = append(out, Finding{
				Object: objectOfU(r), Field: "spec.rollbackLimit",
				Problem: saying(problem, told) + ".",
				Why:     "The chart is not, or only half, installed, and no change to the Release has any effect.",
				Fix:     do("Let the provider roll back and try again, three times.", merge(objectOfU(r), map[string]any{"spec": map[string]any{"rollbackLimit": failed + 3}})),
			})
		}
		return out
	}}
}

// An oci:// url overrides the version, and is never compared with it.
// https://github.com/crossplane-contrib/provider-helm/issues/130
func releaseLoop() Check {
	return Check{"release-loop", "a Release that is upgraded again and again: an oci:// url without tag beside a version", Error, func(x *scene) []Finding {
		var out []Finding
		for _, r := range x.Objects.Other("Release") {
			url := digText(r, "spec", "forProvider", "chart", "url")
			version := digText(r, "spec", "forProvider", "chart", "version")
			path, oci := strings.CutPrefix(url, "oci://")
			i := strings.LastIndex(path, "/")
			if !oci || i < 0 || version == "" || strings.ContainsAny(path[i:], ":@") {
				continue
			}
			out = append(out, Finding{
				Object: objectOfU(r), Field: "spec.forProvider.chart.url",
				Problem: fmt.Sprintf("The url has no tag, so the newest chart is installed; it is compared with version %s, which it is not.", version),
				Why:     "The provider upgrades the release on every poll, to a version that nobody asked for.",
				Fix: do("Name repository, chart and version.", merge(objectOfU(r), map[string]any{"spec": map[string]any{"forProvider": map[string]any{"chart": map[string]any{
					"url": nil, "repository": "oci://" + path[:i], "name": path[i+1:], "version": version,
				}}}})),
			})
		}
		return out
	}}
}

// blocked annotates an object that could not be deleted because it is used.
// https://github.com/crossplane/crossplane/blob/v2.3.4/internal/protection/usage.go
const blocked = "usage.crossplane.io/deletion-attempt-with-policy"

// managed are the kinds that Usages of a platform are about.
var managed = []string{"Cluster", "HelmProviderConfig", "KubernetesProviderConfig", "Object", "Release"}

// known are their kinds in references.
var known = []string{"Cluster", "Object", "ProviderConfig", "Release"}

// ending says that the user of something is gone, so that Kubernetes deletes the Usage,
// which it owned.
func ending(usage *unstructured.Unstructured, by Object) bool {
	return slices.ContainsFunc(usage.GetOwnerReferences(), func(o metav1.OwnerReference) bool { return o.Kind == by.Kind && o.Name == by.Name })
}

// A deletion that a Usage blocks, and by what.
func deletionBlocked() Check {
	return Check{"deletion-blocked", "an object that was to be deleted and that a Usage keeps", Warning, func(x *scene) []Finding {
		everything := x.usable()
		var out []Finding
		for _, kind := range []string{"ClusterUsage", "Usage"} {
			for _, usage := range x.Objects.Other(kind) {
				of, ok := reference(usage, "of")
				used := everything[unversioned(of)]
				if !ok || used == nil || used.GetAnnotations()[blocked] == "" && used.GetDeletionTimestamp() == nil {
					continue
				}
				if by, _ := reference(usage, "by"); everything[unversioned(by)] == nil && slices.Contains(known, by.Kind) && ending(usage, by) {
					continue
				}
				out = append(out, explainUsage(usage, used, everything))
			}
		}
		return out
	}}
}

// usable are the objects that Usages may be about, by their names without version.
func (x *scene) usable() map[Object]*unstructured.Unstructured {
	out := map[Object]*unstructured.Unstructured{}
	for _, kind := range managed {
		for _, u := range x.Objects.Other(kind) {
			out[unversioned(objectOfU(u))] = u
		}
	}
	return out
}

// unversioned names an object by its group alone: it has the same name in every version.
func unversioned(o Object) Object {
	o.APIVersion, _, _ = strings.Cut(o.APIVersion, "/")
	return o
}

// reference of a Usage to what is used (of), or to what uses it (by).
func reference(usage *unstructured.Unstructured, field string) (Object, bool) {
	o := Object{
		digText(usage, "spec", field, "apiVersion"), digText(usage, "spec", field, "kind"),
		digText(usage, "spec", field, "resourceRef", "namespace"), digText(usage, "spec", field, "resourceRef", "name"),
	}
	if o.Namespace == "" {
		o.Namespace = usage.GetNamespace()
	}
	return o, o.Name != ""
}

func explainUsage(usage, used *unstructured.Unstructured, everything map[Object]*unstructured.Unstructured) Finding {
	f := Finding{
		Object: objectOfU(used),
		Why:    "It, and whatever waits for its end, stays.",
	}
	by, named := reference(usage, "by")
	user := everything[unversioned(by)]
	name := objectOfU(usage).String()
	switch {
	case !named:
		reason := digText(usage, "spec", "reason")
		f.Problem = fmt.Sprintf("It was to be deleted, and %s keeps it: %q.", name, reason)
		f.Fix = do("Delete the Usage, if its reason is gone.", remove(objectOfU(usage)))
	case user == nil && slices.Contains(known, by.Kind):
		f.Problem = fmt.Sprintf("It was to be deleted, and %s keeps it for %s, which does not exist any more.", name, by)
		f.Fix = do("Delete the Usage: nothing uses the object.", remove(objectOfU(usage)))
	default:
		f.Problem = fmt.Sprintf("It was to be deleted, and %s keeps it as long as %s exists.", name, by)
		f.Fix = do(fmt.Sprintf("Delete %s first.", by), remove(by))
	}
	return f
}
