// Package version says which build this is.
package version

// Version is the released version that this build belongs to.
const Version = "0.1.0"
