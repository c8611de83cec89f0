package diagnose

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// blocked annotates an object that could not be deleted because it is used.
// https://github.com/crossplane/crossplane/blob/v2.3.4/internal/protection/usage.go
const blocked = "usage.crossplane.io/deletion-attempt-with-policy"

// managed are the kinds that Usages of a platform are about.
var managed = []string{"Cluster", "HelmProviderConfig", "KubernetesProviderConfig", "Object", "Release"}

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
		f.Fix = do(fmt.Sprintf("Delete %s first, if that may go, too.", by), remove(by))
	}
	return f
}

// known are their kinds in references.
var known = []string{"Cluster", "Object", "ProviderConfig", "Release"}
