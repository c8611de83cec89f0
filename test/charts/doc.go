// Package charts tests the Helm charts of this repository with Helm's own code: what
// they render, what they refuse, what their notes say, and that the examples and the
// commands in docs/gateway-api.md do what they show. It needs no cluster; what an API
// server says to the same values files is tested in test/e2e.
//
// One case is one file testdata/NAME.values.yaml. Beside it stand what it renders and
// what helm prints after an install:
//
//	go -C test/charts test . -update     # then read the diff of testdata
package charts
