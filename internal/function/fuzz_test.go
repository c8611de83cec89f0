package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/function"
)

// checkAnswer holds for every request: there is an answer, and it is either the
// whole plan, or Fatal with the desired state that came in.
func checkAnswer(t *testing.T, fn *function.Function, req *fnv1.RunFunctionRequest) {
	t.Helper()
	had := len(req.GetDesired().GetResources())
	rsp, err := fn.RunFunction(context.Background(), req)
	if err != nil {
		t.Fatalf("want an answer, got error %v", err)
	}
	for _, result := range rsp.GetResults() {
		if result.GetSeverity() == fnv1.Severity_SEVERITY_FATAL {
			if !proto.Equal(req.GetDesired(), rsp.GetDesired()) {
				t.Fatal("Fatal, and the desired state changed")
			}
			return
		}
	}
	if len(rsp.GetDesired().GetResources()) <= had {
		t.Fatal("no Fatal result, and nothing is desired")
	}
	if _, err := proto.Marshal(rsp); err != nil {
		t.Fatalf("the answer cannot be sent: %v", err)
	}
}

// FuzzXR gives any JSON or YAML as the composite resource.
func FuzzXR(f *testing.F) {
	for _, pattern := range []string{"valid/*.yaml", "invalid/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	fn := newFunction(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		obj := map[string]any{}
		if err := yaml.Unmarshal(raw, &obj); err != nil {
			return
		}
		xr, err := structpb.NewStruct(obj)
		if err != nil {
			return
		}
		checkAnswer(t, fn, &fnv1.RunFunctionRequest{Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: xr}}})
	})
}

// FuzzRequest gives any bytes as the whole request.
func FuzzRequest(f *testing.F) {
	for _, name := range []string{"aws-all", "google-all", "existing"} {
		raw, err := proto.Marshal(request(f, loadXR(f, "valid/"+name+".yaml")))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	fn := newFunction(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		req := &fnv1.RunFunctionRequest{}
		if proto.Unmarshal(raw, req) == nil {
			checkAnswer(t, fn, req)
		}
	})
}

// FuzzObserved gives any object as each of the resources that the plan reads.
func FuzzObserved(f *testing.F) {
	f.Add([]byte(`{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Available"}]}}`))
	f.Add([]byte(`{"status":{"conditions":[]}}`))
	f.Add([]byte(`{"status":{"conditions":[null,1,{"type":2}],"atProvider":{"clusterIpv4Cidr":7,"version":{}}}}`))
	f.Add([]byte(`{"status":{"atProvider":{"manifest":{"spec":{"listeners":[{"name":"http","port":80}]},
		"status":{"addresses":[{"value":"192.0.2.1"}],"listeners":[{"name":"http","conditions":[{"type":"Programmed","status":"True"}]}]}}}}}`))
	f.Add([]byte(`{"spec":{"forProvider":{"values":{"prometheus":{"operator":"x"}},"region":"us-east-1","chart":{"version":1}}}}`))
	xr := request(f, loadXR(f, "valid/google-all.yaml"))
	rsp, err := newFunction(f).RunFunction(context.Background(), xr)
	if err != nil {
		f.Fatal(err)
	}
	fn := newFunction(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		obj := map[string]any{}
		dec := json.NewDecoder(bytes.NewReader(raw))
		if dec.Decode(&obj) != nil {
			return
		}
		observed, err := structpb.NewStruct(obj)
		if err != nil {
			return
		}
		req := proto.Clone(xr).(*fnv1.RunFunctionRequest)
		req.Observed.Resources = map[string]*fnv1.Resource{"team-a-app-envoy-gateway": {}}
		for key := range rsp.GetDesired().GetResources() {
			req.Observed.Resources[key] = &fnv1.Resource{Resource: observed}
		}
		req.Observed.Resources["team-a-app-envoy-gateway"] = &fnv1.Resource{Resource: observed}
		checkAnswer(t, fn, req)
	})
}
