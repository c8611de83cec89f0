module github.com/gatehouse-platform/gatehouse/test/e2e/components/pause

go 1.26.0
