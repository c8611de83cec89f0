// Package repo holds no code, only tests about the repository itself: which
// package may import which, how files are named and how long they are, that what
// the docs say runs, and that Renovate finds every pinned version.
package repo
