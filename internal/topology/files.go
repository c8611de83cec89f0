package topology

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
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
	found, err := decodeAll(documents)
	if err != nil {
		return nil, err
	}
	return build(found, found.notInFiles(), nil, found.inFiles())
}

// document is one object, or a list of them, of a file.
type document struct {
	source string
	// index counts the documents of the file from 1.
	index int
	data  []byte
	// json says that data is JSON already.
	json bool
}

func (d document) wrap(err error) error {
	if d.index == 1 {
		return fmt.Errorf("cannot read %q: %w", d.source, err)
	}
	return fmt.Errorf("cannot read %q (document %d): %w", d.source, d.index, err)
}

// split cuts a file into its documents, and the largest kind of one, a list in JSON, into
// its items.
func split(f File) ([]document, error) {
	if trimmed := bytes.TrimSpace(f.Data); bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed) {
		return items(document{source: f.Name, index: 1, data: trimmed, json: true})
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(f.Data)))
	var out []document
	for index := 1; ; index++ {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, document{source: f.Name, index: index}.wrap(err)
		}
		out = append(out, document{source: f.Name, index: index, data: raw})
	}
}

// items are those of a list; the document itself if it is none.
func items(d document) ([]document, error) {
	list := struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}{}
	if err := json.Unmarshal(d.data, &list); err != nil || list.Items == nil {
		return []document{d}, nil //nolint:nilerr // what is no list is read as what it is
	}
	out := make([]document, 0, len(list.Items))
	for _, item := range list.Items {
		out = append(out, document{source: d.source, index: d.index, data: item, json: true})
	}
	return out, nil
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
	raw, err := yaml.YAMLToJSONStrict(d.data)
	if err != nil {
		return d.wrap(err)
	}
	d.data, d.json = raw, true
	all, err := items(d)
	if err != nil {
		return err
	}
	for _, item := range all {
		if err := o.addJSON(item); err != nil {
			return err
		}
	}
	return nil
}

func (o *Objects) addJSON(d document) error {
	head := metav1.TypeMeta{}
	if err := json.Unmarshal(d.data, &head); err != nil {
		return nil //nolint:nilerr // a document that is no object, such as a list of values
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
