module github.com/gatehouse-platform/gatehouse/test/inspector

go 1.26.0
