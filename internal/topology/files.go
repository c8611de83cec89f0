package topology

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/plainyaml"
)

// File is a file with objects, as YAML documents or JSON, also lists of them.
type File struct {
	// Name of it, for messages.
	Name string
	Data []byte
}

// FromFiles makes a snapshot of files, such as manifests or what kubectl get -o yaml
// prints. Kinds that it does not know, and documents that are no objects, are passed
// over; an object without namespace is in "default", as kubectl has it; of an object that
// stands twice the later one counts. What the files hold nothing of is not taken for
// missing: it may be elsewhere. Errors name the file and the document.
func FromFiles(files []File) (*Snapshot, error) {
	var documents []document
	for _, f := range files {
		found, err := split(f)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	found, err := decodeAll(cut(documents))
	if err != nil {
		// What is cut cannot say where in its document a mistake is, and may need what
		// stands elsewhere in it.
		found, err = decodeAll(documents)
	}
	if err != nil {
		return nil, err
	}
	return build(found, found.notInFiles(), nil, found.inFiles())
}

// decodeAll reads documents, as many at a time as there are processors. What is found
// stands in the order of the documents.
func decodeAll(documents []document) (*Objects, error) {
	parts := min(runtime.GOMAXPROCS(0), len(documents))
	if parts == 0 {
		return &Objects{}, nil
	}
	found, failed := make([]Objects, parts), make([]error, parts)
	var all sync.WaitGroup
	for i := range parts {
		part := documents[len(documents)*i/parts : len(documents)*(i+1)/parts]
		all.Go(func() {
			for _, d := range part {
				if failed[i] = found[i].addDocument(d); failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for i := 1; i < parts; i++ {
		found[0].join(&found[i])
	}
	return &found[0], errors.Join(failed...)
}

func (o *Objects) addDocument(d document) error {
	if d.json {
		return o.addJSON(d)
	}
	raw, err := toJSON(d.data)
	if err != nil && bytes.Contains(d.data, []byte("{{")) {
		err = fmt.Errorf("%w (it looks like a template of a chart: read what helm template prints)", err)
	}
	if err != nil {
		return d.wrap(err)
	}
	if d.entry {
		raw = raw[1 : len(raw)-1] // a list of one
	}
	d.data, d.json = raw, true
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil // a document that is no object, such as a list of values
	}
	all, isList := items(d)
	if !isList {
		return o.addJSON(d)
	}
	for _, item := range all {
		if err := o.addJSON(item); err != nil {
			return err
		}
	}
	return nil
}

// toJSON reads a document of YAML.
func toJSON(data []byte) ([]byte, error) {
	if raw, ok := plainyaml.ToJSON(data); ok {
		return raw, nil
	}
	return yaml.YAMLToJSONStrict(data) //nolint:wrapcheck // the document wraps it
}

func (o *Objects) addJSON(d document) error {
	head, ok := headOf(d.data)
	if !ok {
		return nil // no object, such as an item that is null
	}
	gv, err := schema.ParseGroupVersion(head.APIVersion)
	if err != nil {
		return d.wrap(err)
	}
	k, known := o.kindOf(schema.GroupKind{Group: gv.Group, Kind: head.Kind})
	if !known {
		return nil
	}
	if k.empty == nil {
		u := &unstructured.Unstructured{}
		if err := utiljson.Unmarshal(d.data, &u.Object); err != nil {
			return d.wrap(err)
		}
		place(u, k)
		o.other(k.stored(), u)
		return nil
	}
	obj := k.empty()
	if err := json.Unmarshal(d.data, obj); err != nil {
		return d.wrap(fmt.Errorf("cannot read %s: %w", head.Kind, err))
	}
	if m, ok := obj.(metav1.Object); ok {
		place(m, k)
	}
	return o.add(obj)
}

// place puts an object without namespace where kubectl would.
func place(obj metav1.Object, k kind) {
	switch {
	case k.clusterScoped:
		obj.SetNamespace("")
	case obj.GetNamespace() == "":
		obj.SetNamespace(metav1.NamespaceDefault)
	}
}

// judged are the kinds of which somebody has to know that the files hold none: checks
// that need them are silent.
var judged = []string{"EndpointSlice", "Gateway", "GatewayClass", "IngressClass", "Namespace", "ReferenceGrant", "Secret", "Service"}

func (o *Objects) notInFiles() []Unseen {
	present := o.inFiles()
	var out []Unseen
	for _, name := range judged {
		if !present[target{kind: name}] {
			out = append(out, Unseen{Kind: name, Reason: NotInFiles})
		}
	}
	return out
}

// inFiles says of which kinds there is something, in all and by namespace.
func (o *Objects) inFiles() map[target]bool {
	out := map[target]bool{}
	o.each(func(kind string, key Key) {
		out[target{kind: kind}] = true
		out[target{kind, Key{Namespace: key.Namespace}}] = true
	})
	return out
}
