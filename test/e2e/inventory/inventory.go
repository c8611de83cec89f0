// Package inventory lists everything that is in a cluster, so that a test can say
// what has changed in it, and whether two clusters came to the same.
package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Inventory is every object of a cluster by its identity, "Kind.group namespace/name".
type Inventory map[string]Item

// Item is one object.
type Item struct {
	// UID is another one when the object was deleted and made again.
	UID types.UID
	// Written is another one after every write to anything but the status: the
	// generation with labels and annotations, or, for kinds that count no generations,
	// the resource version.
	Written string
	// Content is what the object says, as JSON, without what differs between two
	// clusters that came to the same: the status, times, versions and UIDs.
	Content string
	// Labels are those of the object.
	Labels map[string]string

	// Where it is, to delete it.
	resource schema.GroupVersionResource
	key      types.NamespacedName
}

// derived are kinds that Kubernetes' own controllers and clients make from others,
// or that say nothing that stays: nobody composes or installs them.
func derived(kind schema.GroupKind) bool {
	switch kind.String() {
	case "Event", "Event.events.k8s.io", "Lease.coordination.k8s.io", "Endpoints", "EndpointSlice.discovery.k8s.io",
		"Pod", "ReplicaSet.apps", "ControllerRevision.apps", "ComponentStatus", "PodMetrics.metrics.k8s.io",
		// They come with an API server, and later with its next one.
		"IPAddress.networking.k8s.io", "FlowSchema.flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io":
		return true
	}
	return false
}

// Cluster is a cluster to look at.
type Cluster struct {
	discovery discovery.DiscoveryInterface
	dynamic   dynamic.Interface
	metadata  metadata.Interface
}

// Of returns the cluster that a configuration leads to.
func Of(config *rest.Config) (*Cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the cluster has no other user to be considerate of
	config.WarningHandler = rest.NoWarnings{}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", config.Host, err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", config.Host, err)
	}
	names, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", config.Host, err)
	}
	return &Cluster{discovery: found, dynamic: objects, metadata: names}, nil
}

// Take lists every object of every kind in its preferred version.
func (c *Cluster) Take(ctx context.Context) (Inventory, error) {
	kinds, err := c.kinds()
	if err != nil {
		return nil, err
	}
	all, mu := Inventory{}, sync.Mutex{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listsAtOnce)
	for kind, resource := range kinds {
		group.Go(func() error {
			items, err := c.list(ctx, kind, resource)
			if err != nil {
				return fmt.Errorf("cannot list %s: %w", resource, err)
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, items) // kinds differ, so identities do
			return nil
		})
	}
	return all, group.Wait()
}

// automanaged is the label of an APIService that comes and goes with a definition
// (kube-aggregator, pkg/controllers/autoregister).
const automanaged = "kube-aggregator.kubernetes.io/automanaged"

// listsAtOnce keeps the API server busy without flooding it.
const listsAtOnce = 4

// listLimit is when a list is given up: of a kind that has just come or is about to go
// there may be no answer for a minute.
const listLimit = 15 * time.Second

// list describes every object of a kind.
func (c *Cluster) list(ctx context.Context, kind schema.GroupKind, resource schema.GroupVersionResource) (Inventory, error) {
	ctx, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	objects, err := c.objects(ctx, kind, resource)
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		return Inventory{}, nil // a kind that has gone meanwhile
	}
	if err != nil {
		return nil, err
	}
	items := Inventory{}
	for i := range objects {
		if _, follows := objects[i].GetLabels()[automanaged]; follows {
			continue
		}
		objects[i].SetGroupVersionKind(resource.GroupVersion().WithKind(kind.Kind))
		id, item, err := itemOf(resource, &objects[i])
		if err != nil {
			return nil, err
		}
		if _, twice := items[id]; twice {
			return nil, fmt.Errorf("cannot tell two objects %q apart", id)
		}
		items[id] = item
	}
	return items, nil
}

// objects lists whole objects. Of definitions there are many megabytes: their
// generation tells enough.
func (c *Cluster) objects(ctx context.Context, kind schema.GroupKind, resource schema.GroupVersionResource) ([]unstructured.Unstructured, error) {
	if kind.Kind != "CustomResourceDefinition" {
		list, err := c.dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		return list.Items, nil
	}
	list, err := c.metadata.Resource(resource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	out := make([]unstructured.Unstructured, len(list.Items))
	for i := range list.Items {
		if out[i].Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(&list.Items[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// kinds finds what can be listed. Groups whose API server does not answer, as of an
// aggregated one, are left out.
func (c *Cluster) kinds() (map[schema.GroupKind]schema.GroupVersionResource, error) {
	lists, err := c.discovery.ServerPreferredResources()
	if failed := new(discovery.ErrGroupDiscoveryFailed); err != nil && !errors.As(err, &failed) {
		return nil, fmt.Errorf("cannot list the kinds of a cluster: %w", err)
	}
	kinds := map[schema.GroupKind]schema.GroupVersionResource{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, r := range list.APIResources {
			kind := schema.GroupKind{Group: version.Group, Kind: r.Kind}
			if slices.Contains(r.Verbs, "list") && !strings.Contains(r.Name, "/") && !derived(kind) {
				kinds[kind] = version.WithResource(r.Name)
			}
		}
	}
	return kinds, nil
}

// Identity names an object as an Inventory does.
func Identity(o *unstructured.Unstructured) string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return o.GroupVersionKind().GroupKind().String() + " " + name
}

// published is a ConfigMap that Kubernetes puts into every namespace.
const published = "kube-root-ca.crt"

// itemOf describes an object.
func itemOf(resource schema.GroupVersionResource, o *unstructured.Unstructured) (string, Item, error) {
	item := Item{UID: o.GetUID(), Labels: o.GetLabels(), resource: resource, key: types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}}
	id := Identity(o)
	item.Written = o.GetResourceVersion()
	if o.GetGeneration() > 0 {
		labels, err := json.Marshal([]any{o.GetLabels(), withoutTimes(o.GetAnnotations())})
		if err != nil {
			return "", Item{}, err
		}
		item.Written = fmt.Sprintf("%d %s", o.GetGeneration(), labels)
	}
	switch o.GetKind() {
	case "Namespace":
		item.Written = "" // its status alone changes, and counts as a write
	case "ProviderConfigUsage":
		// Named after the UID of what uses the ProviderConfig.
		by, _, _ := unstructured.NestedStringMap(o.Object, "resourceRef")
		id = fmt.Sprintf("%s %s/of %s %s", o.GroupVersionKind().GroupKind(), o.GetNamespace(), by["kind"], by["name"])
	}
	content, err := json.Marshal(lasting(o))
	if err != nil {
		return "", Item{}, fmt.Errorf("cannot describe %q: %w", id, err)
	}
	item.Content = string(content)
	return id, item, nil
}

// lasting is an object without what differs between two clusters that came to the same.
func lasting(o *unstructured.Unstructured) map[string]any {
	out := o.DeepCopy().Object
	delete(out, "status")
	if o.GetKind() == "Secret" || o.GetName() == published {
		delete(out, "data") // keys, certificates, and Helm's record with its times
	}
	if o.GetKind() == "Service" {
		unstructured.RemoveNestedField(out, "spec", "clusterIP") // drawn by the API server
		unstructured.RemoveNestedField(out, "spec", "clusterIPs")
	}
	metadata := map[string]any{}
	for _, field := range []string{"namespace", "name", "labels"} {
		if value, ok := out["metadata"].(map[string]any)[field]; ok {
			metadata[field] = value
		}
	}
	if o.GetKind() == "ProviderConfigUsage" {
		delete(metadata, "name") // see itemOf
	}
	metadata["annotations"] = withoutTimes(o.GetAnnotations())
	metadata["finalizers"] = slices.Sorted(slices.Values(o.GetFinalizers()))
	metadata["deleting"] = o.GetDeletionTimestamp() != nil
	var owners []string
	for _, owner := range o.GetOwnerReferences() {
		owners = append(owners, owner.Kind+" "+owner.Name)
	}
	slices.Sort(owners)
	metadata["owners"] = owners
	out["metadata"] = metadata
	return out
}

// withoutTimes are the annotations without those that say when something happened.
func withoutTimes(annotations map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range annotations {
		if !strings.HasPrefix(key, "crossplane.io/external-create-") {
			out[key] = value
		}
	}
	return out
}

// Changes says for every object that differs whether it is "new", "gone",
// "re-created" or "changed" since before.
func (i Inventory) Changes(before Inventory) map[string]string {
	out := map[string]string{}
	for id, was := range before {
		is, there := i[id]
		switch {
		case !there:
			out[id] = "gone"
		case is.UID != was.UID:
			out[id] = "re-created"
		case is.Written != was.Written:
			out[id] = "changed"
		}
	}
	for id := range i {
		if _, there := before[id]; !there {
			out[id] = "new"
		}
	}
	return out
}
