package mcpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/render"
)

// mostOutput is how many bytes of text a call returns: more than an agent reads
// in one piece.
const mostOutput = 96 << 10

var errTooLong = errors.New("too long")

// bounded is a buffer that refuses to grow beyond mostOutput.
type bounded struct{ bytes.Buffer }

// Write adds to the text, unless it would become too long.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostOutput {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

// WriteString is Write; without it the buffer's own would be used.
func (b *bounded) WriteString(s string) (int, error) { return b.Write([]byte(s)) }

// cut keeps a text, or its beginning if there is too much of it.
func cut(text string) string {
	if len(text) <= mostOutput {
		return text
	}
	return strings.ToValidUTF8(text[:mostOutput], "") + "\n(and more: this was cut)"
}

// bounding cuts what an error says: thousands of problems help nobody.
func bounding(err error) error {
	if err == nil || len(err.Error()) <= mostOutput {
		return err
	}
	return errors.New(cut(err.Error()))
}

// redacted stands where a Secret has its contents.
const redacted = "(redacted)"

// withoutSecrets is a rendering in which no Secret has contents. What it is made
// from stays as it is.
func withoutSecrets(r render.Rendered) render.Rendered {
	plan := *r.Plan
	plan.Resources = redactAll(plan.Resources)
	plan.All = redactAll(plan.All)
	plan.Held = append(plan.Held[:0:0], plan.Held...)
	for i := range plan.Held {
		plan.Held[i].Resource = redactResource(plan.Held[i].Resource)
	}
	r.Plan = &plan
	return r
}

func redactAll(resources []composed.Resource) []composed.Resource {
	out := make([]composed.Resource, len(resources))
	for i, resource := range resources {
		out[i] = redactResource(resource)
	}
	return out
}

func redactResource(r composed.Resource) composed.Resource {
	if secret := redactSecret(r.Object); secret != nil {
		r.Object = secret
		return r
	}
	manifest, _ := composed.JSON(r.Object).Field("spec", "forProvider", "manifest").(map[string]any)
	if secret := redactSecret(manifest); secret != nil {
		r.Object = replaced(r.Object, secret, "spec", "forProvider", "manifest")
	}
	return r
}

// redactSecret returns a copy of a Secret without its contents; nil for anything else.
func redactSecret(obj map[string]any) map[string]any {
	if obj["kind"] != "Secret" {
		return nil
	}
	out := maps.Clone(obj)
	for _, name := range []string{"data", "stringData"} {
		if out[name] != nil {
			out[name] = redacted
		}
	}
	return out
}

// replaced is a copy of an object with another value at a path.
func replaced(obj map[string]any, value any, path ...string) map[string]any {
	out := maps.Clone(obj)
	if len(path) == 1 {
		out[path[0]] = value
		return out
	}
	below, _ := obj[path[0]].(map[string]any)
	out[path[0]] = replaced(below, value, path[1:]...)
	return out
}

// fitting keeps as many of the items, from the first on, as one answer holds.
func fitting[T any](items []T) (kept []T, omitted int) {
	kept = make([]T, 0, len(items))
	size := 0
	for i, item := range items {
		raw, err := json.Marshal(item)
		if err != nil {
			panic(fmt.Sprintf("mcpserver: cannot write an answer: %v", err)) // items are made of what JSON has
		}
		if size += len(raw); size > mostOutput {
			return kept, len(items) - i
		}
		kept = append(kept, item)
	}
	return kept, 0
}
