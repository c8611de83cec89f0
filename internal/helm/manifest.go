package helm

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	chartcommon "helm.sh/helm/v4/pkg/chart/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type kubeVersion = chartcommon.KubeVersion

func sortByRevision(all []*releasev1.Release) {
	slices.SortFunc(all, func(a, b *releasev1.Release) int { return cmp.Compare(a.Version, b.Version) })
}

// bufferSize is how much of a document is looked at to tell YAML from JSON.
const bufferSize = 4096

// parse reads the objects of a manifest; the items of a List are objects of their own.
func parse(r io.Reader) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(r, bufferSize)
	var out []*unstructured.Unstructured
	for {
		obj := &unstructured.Unstructured{}
		err := decoder.Decode(&obj.Object)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read object %d: %w", len(out)+1, err)
		}
		if len(obj.Object) == 0 {
			continue
		}
		if !obj.IsList() {
			out = append(out, obj)
			continue
		}
		list, err := obj.ToList()
		if err != nil {
			return nil, fmt.Errorf("cannot read object %d: %w", len(out)+1, err)
		}
		for n := range list.Items {
			out = append(out, &list.Items[n])
		}
	}
}
