package topology

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/plainyaml"
)

// document is one object, or a list of them, of a file.
type document struct {
	source string
	// index counts the documents of the file from 1.
	index int
	data  []byte
	// json says that data is JSON already, and entry that it is one entry of a sequence in
	// YAML, with its dash.
	json, entry bool
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
		whole := document{source: f.Name, index: 1, data: trimmed, json: true}
		if all, isList := items(whole); isList {
			return all, nil
		}
		if json.Valid(trimmed) {
			return []document{whole}, nil
		}
	}
	var out []document
	if plain, ok := plainyaml.Documents(f.Data); ok {
		for i, data := range plain {
			out = append(out, document{source: f.Name, index: i + 1, data: data})
		}
		return out, nil
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(f.Data)))
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

// items are those of a list in JSON, which stay where they are. isList is false for what is
// no list, or not written correctly.
func items(d document) (all []document, isList bool) {
	before, rest, found := bytes.Cut(d.data, []byte(`"items"`))
	rest, isArray := bytes.CutPrefix(bytes.TrimLeft(rest, ": \t\r\n"), []byte("["))
	if !found || !isArray || depthAt(before) != 1 {
		return nil, false
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

// depthAt is how many objects and arrays of JSON are open at the end of a text.
func depthAt(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfText(data, i)
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return depth
}

// lengthOf the value of JSON that stands first, if it is an object; 0 if it does not end,
// or is none. Whether it is valid is seen when it is read.
func lengthOf(data []byte) int {
	if !bytes.HasPrefix(data, []byte("{")) {
		return 0
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfText(data, i)
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
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

// cut cuts lists in YAML, as kubectl prints them, into their entries: then several can be
// read at a time.
func cut(documents []document) []document {
	var out []document
	for _, d := range documents {
		if all := entries(d); len(all) > 0 {
			out = append(out, all...)
			continue
		}
		out = append(out, d)
	}
	return out
}

// entries are the items of a list in YAML; none of what is no list, or not written as
// kubectl does. They are cut where a dash stands in their column. If that is in the middle
// of something, the entries are no YAML.
func entries(d document) []document {
	const key = "\nitems:\n"
	at := bytes.Index(d.data, []byte(key))
	if d.json || at < 0 {
		return nil
	}
	from := at + len(key)
	begins, end := dashes(d.data, from)
	if len(begins) == 0 || begins[0] != from || !onlyList(slices.Concat(d.data[:at+1], d.data[end:])) {
		return nil
	}
	out := make([]document, len(begins))
	for i, begin := range begins {
		to := end
		if i+1 < len(begins) {
			to = begins[i+1]
		}
		out[i] = document{source: d.source, index: d.index, data: d.data[begin:to], entry: true}
	}
	return out
}

// dashes are where the lines of a sequence begin that have its dashes, and where it ends.
func dashes(data []byte, from int) (begins []int, end int) {
	column := -1
	for at := from; at < len(data); {
		line, _, _ := bytes.Cut(data[at:], []byte("\n"))
		content := bytes.TrimLeft(line, " ")
		if column < 0 {
			column = len(line) - len(content)
		}
		switch blank := len(content) == 0 || content[0] == '#'; {
		case blank || len(line)-len(content) > column:
		case len(line)-len(content) == column && bytes.HasPrefix(content, []byte("- ")):
			begins = append(begins, at)
		default:
			return begins, at
		}
		at += len(line) + 1
	}
	return begins, len(data)
}

// onlyList says that what stands around the items of a list is what lists have.
func onlyList(rest []byte) bool {
	head := map[string]any{}
	if yaml.UnmarshalStrict(rest, &head) != nil {
		return false
	}
	for key := range head {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata"}, key) {
			return false
		}
	}
	return true
}
