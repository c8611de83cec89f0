package migrate

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// longestName of an object: a label, because controllers make labels of names.
const longestName = 63

// names that are taken.
type names map[string]bool

// free returns the name, with a number behind it if it is taken, and takes it.
func (n names) free(name string) string {
	name = strings.Trim(name[:min(len(name), longestName)], "-.")
	out := name
	for i := 2; n[out]; i++ {
		suffix := "-" + strconv.Itoa(i)
		out = name[:min(len(name), longestName-len(suffix))] + suffix
	}
	n[out] = true
	return out
}

// slug is a hostname as a part of a name.
func slug(host string) string {
	return strings.ReplaceAll(strings.ReplaceAll(host, "*", "any"), ".", "-")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// list splits a comma-separated value.
func list(value string) []string {
	var out []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
