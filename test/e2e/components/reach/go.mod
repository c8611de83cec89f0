module github.com/gatehouse-platform/gatehouse/test/e2e/components/reach

go 1.26.0

require golang.org/x/sys v0.49.0
