// Package docs hands out the documentation that programs show.
package docs

import (
	_ "embed" // programs have no files of this repository beside them
)

// API is the reference of the Cluster API, as Markdown.
//
//go:embed api.md
var API string
