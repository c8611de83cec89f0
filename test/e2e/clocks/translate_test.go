package clocks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// egctl is the path of the built tool.
var egctl = sync.OnceValues(func() (string, error) { return plane.Build(context.Background(), "egctl", nil) })

// translation is what Envoy Gateway makes of objects.
type translation struct {
	// objects are those of the Gateway API and of Envoy Gateway, with their status.
	objects []*unstructured.Unstructured
	// xds is what each Gateway's Envoy is told, by namespace and name of the Gateway.
	xds map[string]xds
}

// translate has egctl translate the objects.
func translate(t *testing.T, objects []*unstructured.Unstructured) translation {
	t.Helper()
	out, err := runEgctl(t, objects)
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(out, &raw); err != nil {
		t.Fatalf("cannot read what egctl says: %v", err)
	}
	done := translation{xds: map[string]xds{}}
	if err := json.Unmarshal(raw["xds"], &done.xds); err != nil {
		t.Fatalf("cannot read the xDS of egctl: %v", err)
	}
	delete(raw, "xds")
	for field, value := range raw {
		list := []map[string]any{}
		if bytes.HasPrefix(value, []byte("{")) {
			value = fmt.Appendf(nil, "[%s]", value)
		}
		if err := json.Unmarshal(value, &list); err != nil {
			t.Fatalf("cannot read field %q of what egctl says: %v", field, err)
		}
		for _, object := range list {
			done.objects = append(done.objects, &unstructured.Unstructured{Object: object})
		}
	}
	return done
}

// runEgctl returns what egctl prints. It leaves with 0 whatever becomes of the routes, and
// with an error for objects that it cannot read.
func runEgctl(t *testing.T, objects []*unstructured.Unstructured) ([]byte, error) {
	t.Helper()
	program, err := egctl()
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	for _, object := range objects {
		data, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(&in, "---\n%s\n", data)
	}
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "x", "translate", "--from", "gateway-api", "--to", "gateway-api,xds", "-t", "all", "-o", "json", "-f", file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot translate: %w\n%s", err, stderr.Bytes())
	}
	return out, nil
}

// accepted holds that everything with a status is accepted. Nothing is ever Programmed here:
// there is no Envoy.
func (d translation) accepted(t *testing.T) {
	t.Helper()
	for _, object := range d.objects {
		if !strings.HasPrefix(object.GroupVersionKind().Group, "gateway.") || object.GetKind() == "ReferenceGrant" {
			continue
		}
		if err := plane.Accepted(object); err != nil {
			t.Error(err)
		}
	}
}
