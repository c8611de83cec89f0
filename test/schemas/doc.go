// Package schemas says whether a Kubernetes API server would accept what Gatehouse renders.
//
// It validates objects against the CustomResourceDefinitions which the pinned providers and charts really install, with
// the API server's own code: unknown fields, types, required fields, enums, formats and CEL rules. An unknown field
// fails here although a cluster would only drop it, because a dropped field is a setting that silently does nothing.
//
// Built-in kinds are decoded strictly into their Go types, which finds unknown fields and wrong types but no missing
// ones: their requirements live in the API server's Go code, not in a schema.
package schemas
