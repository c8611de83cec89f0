package topology

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Reader lists objects of an API server. A client of controller-runtime is one.
type Reader interface {
	List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error
}

// Options say what is read.
type Options struct {
	// Namespaces to read; none for all. Cluster-scoped kinds are always read. What
	// stands in other namespaces is then as if it did not exist.
	Namespaces []string
	// Deep reads what only a diagnosis looks at, too: workloads, certificates, monitoring,
	// scaling, what Crossplane manages, and which CRDs there are.
	Deep bool
	// Certificates reads, with Deep, the TLS Secrets in the namespaces of those that
	// listeners name. Of a Secret only its name, its type and its certificate are kept.
	Certificates bool
}

// pageSize is that of kubectl: small enough for the API server, large enough that most
// clusters need one call for each kind.
const pageSize = 500

// Load reads a snapshot: each kind once, in pages. A kind that the API server does not
// serve or does not let us read goes to Unseen; any other failure is the error.
func Load(ctx context.Context, r Reader, o Options) (*Snapshot, error) {
	found := &Objects{}
	var unseen []Unseen
	only := slices.Compact(slices.Sorted(slices.Values(o.Namespaces)))
	namespaces := only
	if len(only) == 0 {
		namespaces = []string{""}
	}
	for _, k := range kinds() {
		if k.deep && !o.Deep {
			continue
		}
		in := namespaces
		if k.clusterScoped {
			in = []string{""}
		}
		missing, err := found.load(ctx, r, k, in)
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", k.name, err)
		}
		if missing.Reason != "" {
			unseen = append(unseen, missing)
		}
	}
	if o.Deep {
		missing, err := found.loadSecrets(ctx, r, o)
		if err != nil {
			return nil, fmt.Errorf("cannot list Secret: %w", err)
		}
		if missing.Reason != "" {
			unseen = append(unseen, missing)
		}
	}
	return build(found, unseen, only, nil)
}

// load reads a kind in the first version that is served. What is missing has no reason
// if nothing is.
func (o *Objects) load(ctx context.Context, r Reader, k kind, namespaces []string) (missing Unseen, err error) {
	for _, v := range k.versions {
		if missing, err = o.loadVersion(ctx, r, v, namespaces); err != nil {
			return missing, err
		}
		missing.Kind = k.name
		if missing.Reason != NotInstalled {
			break
		}
	}
	return missing, nil
}

func (o *Objects) loadVersion(ctx context.Context, r Reader, v version, namespaces []string) (Unseen, error) {
	for _, namespace := range namespaces {
		items, err := list(ctx, r, v, client.InNamespace(namespace))
		switch {
		case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
			return Unseen{Reason: NotInstalled}, nil
		case apierrors.IsForbidden(err):
			return Unseen{Reason: Forbidden, Message: err.Error()}, nil
		case err != nil:
			return Unseen{}, err
		}
		for _, item := range items {
			if err := o.add(item); err != nil {
				return Unseen{}, err
			}
		}
	}
	return Unseen{}, nil
}

// list reads all pages. A continue token that has expired between two pages begins the
// list again, without pages: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
func list(ctx context.Context, r Reader, v version, only ...client.ListOption) ([]runtime.Object, error) {
	var items []runtime.Object
	opts := append(slices.Clone(only), client.Limit(pageSize))
	token := ""
	for {
		page := v.list()
		err := r.List(ctx, page, append(slices.Clone(opts), client.Continue(token))...)
		if token != "" && apierrors.IsResourceExpired(err) {
			items, token, opts = nil, "", only
			continue
		}
		if err != nil {
			return nil, err
		}
		err = meta.EachListItem(page, func(obj runtime.Object) error {
			// The items of a typed list share one array: a pointer to one keeps all.
			items = append(items, obj)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot read a page: %w", err)
		}
		if token = page.GetContinue(); token == "" {
			return items, nil
		}
	}
}
