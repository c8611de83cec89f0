// Package install brings what a Cluster is composed of straight onto a cluster that
// exists, without Crossplane: the plan of package compose, its Releases as Helm releases
// and its Objects by server-side apply, each once what it builds on is ready.
//
// What is to be done is decided by functions of what is desired and what was seen. The
// two interfaces here are all that is asked of the world.
package install

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// FieldManager owns, on the API server's side, the fields of everything that is
// installed, whether by us or by Helm.
const FieldManager = "gatehouse"

// Cluster is what is asked of the API server. Its errors are those that
// k8s.io/apimachinery/pkg/api/errors and meta.IsNoMatchError tell apart.
type Cluster interface {
	Get(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error)
	// Apply applies on the server's side as FieldManager, and returns what the object
	// becomes.
	Apply(ctx context.Context, obj *unstructured.Unstructured, o ApplyOptions) (*unstructured.Unstructured, error)
	// Delete orders the deletion; it does not wait. With a UID nothing else is deleted
	// that has the name.
	Delete(ctx context.Context, obj *unstructured.Unstructured) error
}

// ApplyOptions of Cluster.Apply.
type ApplyOptions struct {
	// DryRun keeps nothing of it.
	DryRun bool
	// Force takes fields that others own.
	Force bool
}

// Charts is what is asked of Helm.
type Charts interface {
	// Last returns the newest revision of a release; nil if there is none.
	Last(ctx context.Context, id ReleaseID) (*Release, error)
	// Version of a chart that is given by its address, which says nothing of it.
	Version(ctx context.Context, c Chart) (string, error)
	// Render returns the objects that deploying would apply, and changes nothing.
	Render(ctx context.Context, d Deployment) ([]*unstructured.Unstructured, error)
	// Deploy installs or upgrades, and returns when the API server has taken everything.
	Deploy(ctx context.Context, d Deployment) (*Release, error)
	// Uninstall returns when everything of the release is gone. A release that does not
	// exist is no error.
	Uninstall(ctx context.Context, id ReleaseID) error
}

// ReleaseID names a Helm release.
type ReleaseID struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// String is how people know it.
func (r ReleaseID) String() string { return r.Namespace + "/" + r.Name }

// Chart says where a chart is taken from.
type Chart struct {
	Name string
	// Version is empty where URL says it.
	Version string
	// Repository is a chart repository, or an OCI registry (oci://).
	Repository string
	// URL of the packaged chart, instead of Repository and Version.
	URL string
	// Username and Password for either; may be empty.
	Username, Password string
}

// Release is a revision of a Helm release, as Helm keeps it.
type Release struct {
	Chart, Version string
	Values         map[string]any
	Revision       int
	// Status as Helm has it: deployed, failed, pending-install, …
	Status string
	// EverDeployed says whether any revision of the release was deployed.
	EverDeployed bool
	// Objects that it holds, each with its namespace.
	Objects []*unstructured.Unstructured
}

// Deployment of a chart.
type Deployment struct {
	ID     ReleaseID
	Chart  Chart
	Values map[string]any
	How    How
	// Force takes fields, objects and releases that others own.
	Force bool
}

// How a release gets from what is there to what is desired.
type How string

// The ways of a release.
const (
	// Keep: it is as desired already.
	Keep How = "keep"
	// Install: nothing is there.
	Install How = "install"
	// Upgrade what is deployed.
	Upgrade How = "upgrade"
	// Mend marks the revision that somebody did not finish as failed, and upgrades.
	Mend How = "mend"
	// Restart forgets revisions of which none was ever deployed, and installs. What they
	// have made already is taken over.
	Restart How = "restart"
	// Finish ends an uninstallation, and installs.
	Finish How = "finish"
	// Refuse: somebody else's.
	Refuse How = "refuse"
)
