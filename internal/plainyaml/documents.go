package plainyaml

import (
	"bytes"
	"slices"
)

// Documents are those of a file, as the reader of k8s.io/apimachinery/pkg/util/yaml cuts
// it, which copies every line: a line of three dashes ends a document, if there is
// something in it. They share the memory of the file. ok is false where lines do not end as
// on Unix, or something stands behind dashes.
func Documents(data []byte) (all [][]byte, ok bool) {
	if bytes.IndexByte(data, '\r') >= 0 {
		return nil, false
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(slices.Clone(data), '\n')
	}
	from := 0
	for at := 0; at < len(data); {
		end := at + bytes.IndexByte(data[at:], '\n') + 1
		if behind, dashes := bytes.CutPrefix(data[at:end], []byte("---")); dashes {
			if behind = bytes.Trim(behind, " \n"); len(behind) > 0 && behind[0] != '#' {
				return nil, false
			}
			if at > from {
				all = append(all, data[from:at])
				from = end
			}
		}
		at = end
	}
	if from < len(data) {
		all = append(all, data[from:])
	}
	return all, true
}
