// Package render shows what Clusters are composed of without any cluster: as
// YAML, JSON or a tree, and what differs between two versions of them.
package render

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Document is one YAML document of a source.
type Document struct {
	// Source says where it comes from, for messages: a file name or "-".
	Source string
	// Index counts the documents of the source from 1.
	Index  int
	Object map[string]any
}

// String names the document, for messages.
func (d Document) String() string {
	if d.Index == 1 {
		return d.Source
	}
	return fmt.Sprintf("%s (document %d)", d.Source, d.Index)
}

// IsCluster says whether the document is meant to be a Cluster: by its kind, or
// by its group when the kind is mistyped.
func (d Document) IsCluster() bool {
	apiVersion, _ := d.Object["apiVersion"].(string)
	kind, _ := d.Object["kind"].(string)
	group, _, _ := bytes.Cut([]byte(apiVersion), []byte("/"))
	return string(group) == v2.Group || (kind == v2.Kind && (apiVersion == "" || apiVersion == v2.Version))
}

// Read reads all documents of a source. Empty documents are passed over; the
// items of a List are documents of their own.
func Read(source string, r io.Reader) ([]Document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(r))
	var out []Document
	for index := 1; ; index++ {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %q: %w", source, err)
		}
		doc := Document{Source: source, Index: index}
		if err := yaml.UnmarshalStrict(raw, &doc.Object); err != nil {
			return nil, fmt.Errorf("cannot read %q: %w", doc.String(), err)
		}
		out = append(out, split(doc)...)
	}
}

func split(doc Document) []Document {
	if len(doc.Object) == 0 {
		return nil
	}
	items, isList := doc.Object["items"].([]any)
	if !isList || doc.Object["kind"] != "List" {
		return []Document{doc}
	}
	var out []Document
	for _, item := range items {
		if obj, ok := item.(map[string]any); ok {
			out = append(out, Document{Source: doc.Source, Index: doc.Index, Object: obj})
		}
	}
	return out
}

// Annotation and label by which Crossplane marks composed resources.
const (
	keyAnnotation  = "crossplane.io/composition-resource-name"
	compositeLabel = "crossplane.io/composite"
)

// observedOf picks, from documents as `kubectl get -o yaml` prints them, what
// was observed of one Cluster. Documents without the annotation of composed
// resources are passed over.
func observedOf(namespace, name string, documents []Document) composed.Observed {
	out := composed.Observed{Resources: map[string]composed.Fields{}}
	for _, d := range documents {
		obj := composed.JSON(d.Object)
		if ns, ok := obj.Field("metadata", "namespace").(string); ok && ns != namespace {
			continue
		}
		if d.IsCluster() {
			if obj.Field("metadata", "name") == name {
				out.Composite = obj
			}
			continue
		}
		if owner, ok := obj.Field("metadata", "labels", compositeLabel).(string); ok && owner != name {
			continue
		}
		if key, ok := obj.Field("metadata", "annotations", keyAnnotation).(string); ok {
			out.Resources[key] = obj
		}
	}
	return out
}
