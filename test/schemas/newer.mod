// Modules whose CRDs people run before the product's catalog pins them; the same rules as in components.mod.
module github.com/gatehouse-platform/gatehouse/test/schemas/newer

go 1.26.0

require github.com/envoyproxy/gateway v1.9.1 // ships Gateway API v1.6.1, experimental channel
