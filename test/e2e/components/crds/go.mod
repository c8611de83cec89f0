// Module crds pins the modules whose CustomResourceDefinitions the stand-in
// charts carry. Nothing is built from it and no package is imported, so
// "go mod tidy" would empty it: add a requirement by hand, then run
// "go mod download <module>" to record its checksum.
module github.com/gatehouse-platform/gatehouse/test/e2e/components/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v2 v2.14.21
	github.com/external-secrets/external-secrets v1.3.2
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.4.1
)

// Envoy Gateway 1.7 ships the Gateway API 1.4.1; others here ask for newer ones.
replace sigs.k8s.io/gateway-api => sigs.k8s.io/gateway-api v1.4.1
