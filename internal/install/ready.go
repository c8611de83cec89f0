package install

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// unready says why an object is not ready, in the words of kstatus
// (https://github.com/fluxcd/cli-utils/tree/main/pkg/kstatus); empty if it is. What the
// world outside the cluster has to give, the address of a load balancer, is not waited
// for: a cluster without load balancers would never be up.
func unready(obj *unstructured.Unstructured) string {
	if obj == nil {
		return "is missing"
	}
	result, err := status.Compute(obj)
	if err != nil {
		return fmt.Sprintf("cannot be read: %v", err)
	}
	kind, _, _ := unstructured.NestedString(obj.Object, "spec", "type")
	balanced := obj.GetKind() == "Service" && kind == "LoadBalancer"
	if result.Status == status.CurrentStatus || (balanced && result.Status == status.InProgressStatus) {
		return ""
	}
	if result.Message == "" {
		return string(result.Status)
	}
	return result.Message
}

// title names an object for people.
func title(obj *unstructured.Unstructured) string {
	if obj.GetNamespace() == "" {
		return obj.GetKind() + " " + obj.GetName()
	}
	return obj.GetKind() + " " + obj.GetNamespace() + "/" + obj.GetName()
}
