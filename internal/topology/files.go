package topology

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
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
	if trimmed := bytes.TrimSpace(f.Data); bytes.HasPrefix(trimmed, []byte("{")) {
		if all, ok := items(document{source: f.Name, index: 1, data: trimmed, json: true}); ok {
			return all, nil
		}
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

// items are those of a list, which stay where they are; the document itself if it is none.
// ok is false for what is no JSON object.
func items(d document) (all []document, ok bool) {
	before, rest, isList := bytes.Cut(d.data, []byte(`"items"`))
	rest, isArray := bytes.CutPrefix(bytes.TrimLeft(rest, ": \t\r\n"), []byte("["))
	// Before its items a list has nothing that nests but its metadata.
	if !isList || !isArray || bytes.Count(before, []byte("{"))-bytes.Count(before, []byte("}")) != 1 {
		return []document{d}, json.Valid(d.data) && bytes.HasPrefix(d.data, []byte("{"))
	}
	for {
		rest = bytes.TrimLeft(rest, ", \t\r\n")
		if end, done := bytes.CutPrefix(rest, []byte("]")); done {
			// What is left is a list without items.
			return all, json.Valid(slices.Concat(before, []byte(`"items":[]`), end))
		}
		n := lengthOf(rest)
		if n == 0 {
			return nil, false
		}
		all = append(all, document{source: d.source, index: d.index, data: rest[:n], json: true})
		rest = rest[n:]
	}
}

// lengthOf the value of JSON that stands first, if it is an object; 0 if it does not end,
// or is none. Whether it is valid is seen when it is read.
func lengthOf(data []byte) int {
	if !bytes.HasPrefix(data, []byte("{")) {
		return 0
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++ // whatever is escaped
		case c == '"':
			inString = !inString
		case inString:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
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
	all, ok := items(d)
	if !ok {
		return nil // a document that is no object, such as a list of values
	}
	for _, item := range all {
		if err := o.addJSON(item); err != nil {
			return err
		}
	}
	return nil
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

// headOf reads the version and the kind of an object without reading all of it: they may
// stand anywhere in it, as kubectl sorts fields by name.
func headOf(data []byte) (head metav1.TypeMeta, ok bool) {
	depth, key := 0, ""
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := endOfText(data, i)
			if end >= len(data) {
				return head, false
			}
			text := string(data[i+1 : end])
			isKey := bytes.HasPrefix(bytes.TrimLeft(data[end+1:], " \t\r\n"), []byte(":"))
			switch {
			case depth != 1:
			case isKey:
				key = text
			case key == "apiVersion":
				head.APIVersion = text
			case key == "kind":
				head.Kind = text
			}
			if head.APIVersion != "" && head.Kind != "" {
				return head, true
			}
			i = end
		}
	}
	return head, false
}

// endOfText is where the quote stands that ends the text whose first quote is at start; it
// lies beyond the data if there is none.
func endOfText(data []byte, start int) int {
	end := start + 1
	for end < len(data) && data[end] != '"' {
		if data[end] == '\\' {
			end++ // whatever is escaped
		}
		end++
	}
	return end
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
