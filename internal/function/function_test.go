package function_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/function"
)

const examples = "../../examples"

func newFunction(t testing.TB) *function.Function {
	t.Helper()
	return function.New(newPlanner(t))
}

func newPlanner(t testing.TB) *compose.Planner {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return compose.NewPlanner(c)
}

func loadXR(t testing.TB, file string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(examples, file))
	if err != nil {
		t.Fatal(err)
	}
	obj := map[string]any{}
	if err := yaml.Unmarshal(raw, &obj); err != nil {
		t.Fatal(err)
	}
	return obj
}

// toStruct goes the way of JSON, as Crossplane does.
func toStruct(t testing.TB, obj map[string]any) *structpb.Struct {
	t.Helper()
	raw, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	out := &structpb.Struct{}
	if err := out.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return out
}

func request(t testing.TB, xr map[string]any) *fnv1.RunFunctionRequest {
	t.Helper()
	return &fnv1.RunFunctionRequest{
		Meta:     &fnv1.RequestMeta{Tag: "tag"},
		Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: toStruct(t, xr)}},
	}
}

// before is what an earlier function wants.
func before(t testing.TB) *fnv1.State {
	t.Helper()
	return &fnv1.State{
		Composite: &fnv1.Resource{Resource: toStruct(t, map[string]any{"status": map[string]any{"earlier": "x"}}), Ready: fnv1.Ready_READY_TRUE},
		Resources: map[string]*fnv1.Resource{
			"earlier": {Resource: toStruct(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}), Ready: fnv1.Ready_READY_TRUE},
		},
	}
}

// The answer is the plan: every resource, its readiness, the status, the
// conditions, and what earlier functions want.
func TestRunFunctionAnswersThePlan(t *testing.T) {
	for _, name := range []string{"aws-all", "azure-all", "google-all", "existing"} {
		t.Run(name, func(t *testing.T) {
			xr := loadXR(t, "valid/"+name+".yaml")
			req := request(t, xr)
			req.Desired = before(t)
			rsp, err := newFunction(t).RunFunction(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := newPlanner(t).Plan(xr, composed.Observed{})
			if err != nil {
				t.Fatal(err)
			}
			want := &fnv1.RunFunctionResponse{
				Meta:    &fnv1.ResponseMeta{Tag: "tag", Ttl: durationpb.New(10 * time.Second)},
				Desired: before(t),
			}
			want.Desired.Composite.Resource = toStruct(t, map[string]any{"apiVersion": "devopstoolkit.ai/v2", "kind": "Cluster", "status": plan.Status})
			for _, r := range plan.Resources {
				ready := fnv1.Ready_READY_UNSPECIFIED
				if r.Ready {
					ready = fnv1.Ready_READY_TRUE
				}
				want.Desired.Resources[r.Key] = &fnv1.Resource{Resource: toStruct(t, r.Object), Ready: ready}
			}
			for _, c := range plan.Conditions {
				condition := &fnv1.Condition{Type: c.Type, Status: fnv1.Status_STATUS_CONDITION_FALSE, Reason: c.Reason, Target: fnv1.Target_TARGET_COMPOSITE.Enum()}
				if c.True {
					condition.Status = fnv1.Status_STATUS_CONDITION_TRUE
				}
				if c.Message != "" {
					condition.Message = new(c.Message)
				}
				want.Conditions = append(want.Conditions, condition)
			}
			if diff := cmp.Diff(want, rsp, protocmp.Transform()); diff != "" {
				t.Errorf("RunFunction (-want +got):\n%s", diff)
			}
			if len(rsp.GetResults()) > 0 {
				t.Errorf("want no results where all is well, got %v", rsp.GetResults())
			}
		})
	}
}

// A bad input changes nothing: the desired state is the one that came in, and the
// only result is Fatal, with every problem.
func TestRunFunctionRefuses(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "invalid", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find examples: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			req := request(t, loadXR(t, "invalid/"+name))
			req.Desired = before(t)
			rsp, err := newFunction(t).RunFunction(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, rsp)
			if diff := cmp.Diff(before(t), rsp.GetDesired(), protocmp.Transform()); diff != "" {
				t.Errorf("the desired state changed (-want +got):\n%s", diff)
			}
		})
	}
}

func refused(t testing.TB, rsp *fnv1.RunFunctionResponse) {
	t.Helper()
	if len(rsp.GetResults()) != 1 || rsp.GetResults()[0].GetSeverity() != fnv1.Severity_SEVERITY_FATAL {
		t.Fatalf("want one Fatal result, got %v", rsp.GetResults())
	}
	if msg := rsp.GetResults()[0].GetMessage(); !strings.Contains(msg, "cannot compose Cluster") {
		t.Errorf("the message does not say what cannot be done: %q", msg)
	}
	if len(rsp.GetConditions()) != 1 || rsp.GetConditions()[0].GetStatus() != fnv1.Status_STATUS_CONDITION_FALSE {
		t.Errorf("want the condition %s to be False, got %v", compose.ConditionParameters, rsp.GetConditions())
	}
}

func TestRunFunctionRefusesNothingAtAll(t *testing.T) {
	cases := map[string]*fnv1.RunFunctionRequest{
		"NoObservedState": {},
		"NoComposite":     {Observed: &fnv1.State{}},
		"NoResource":      {Observed: &fnv1.State{Composite: &fnv1.Resource{}}},
	}
	for name, req := range cases {
		t.Run(name, func(t *testing.T) {
			rsp, err := newFunction(t).RunFunction(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, rsp)
		})
	}
}

// A cluster cannot move: the region that the control plane has is kept.
func TestRunFunctionRefusesAnotherRegion(t *testing.T) {
	cases := map[string]struct {
		reason, example, key, field string
	}{
		"AWS":    {"EKS clusters have a region", "aws-all", "ekscluster", "region"},
		"Azure":  {"AKS clusters have a location", "azure-all", "team-a-cluster", "location"},
		"Google": {"GKE clusters have a location", "google-all", "team-a-cluster", "location"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := request(t, loadXR(t, "valid/"+tc.example+".yaml"))
			req.Observed.Resources = map[string]*fnv1.Resource{tc.key: {Resource: toStruct(t, map[string]any{
				"spec": map[string]any{"forProvider": map[string]any{tc.field: "elsewhere"}},
			})}}
			rsp, err := newFunction(t).RunFunction(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, rsp)
			want := `spec.parameters.region: Invalid value`
			if msg := rsp.GetResults()[0].GetMessage(); !strings.Contains(msg, want) || !strings.Contains(msg, `"elsewhere"`) {
				t.Errorf("%s: want the message to say %q and the region that stays, got %q", tc.reason, want, msg)
			}
		})
	}
}

// Text that is no UTF-8 cannot be sent: it is refused, not dropped.
func TestRunFunctionRefusesBrokenText(t *testing.T) {
	xr := request(t, loadXR(t, "valid/aws-minimal.yaml"))
	xr.Observed.Composite.Resource.Fields["spec"].GetStructValue().Fields["parameters"].GetStructValue().Fields["version"] = structpb.NewStringValue("1\xff")
	rsp, err := newFunction(t).RunFunction(context.Background(), xr)
	if err != nil {
		t.Fatal(err)
	}
	if len(rsp.GetResults()) != 1 || rsp.GetDesired() != nil {
		t.Errorf("want a Fatal result and no desired state, got %v and %v", rsp.GetResults(), rsp.GetDesired())
	}
}

func TestRunFunctionIsDeterministic(t *testing.T) {
	req := request(t, loadXR(t, "valid/google-all.yaml"))
	var first []byte
	for range 5 {
		rsp, err := newFunction(t).RunFunction(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(rsp)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = raw
		}
		if string(first) != string(raw) {
			t.Fatal("the same request got another answer")
		}
	}
}

// Crossplane is asked to look again soon while something is waited for, and no
// sooner than usual once all is ready.
func TestTimeToLive(t *testing.T) {
	xr := loadXR(t, "valid/existing.yaml")
	first := request(t, xr)
	plan, err := newPlanner(t).Plan(xr, composed.Observed{})
	if err != nil {
		t.Fatal(err)
	}
	settled := request(t, xr)
	settled.Observed.Resources = map[string]*fnv1.Resource{}
	for _, r := range plan.All {
		obj := map[string]any{"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}}
		settled.Observed.Resources[r.Key] = &fnv1.Resource{Resource: toStruct(t, obj)}
	}
	for want, req := range map[time.Duration]*fnv1.RunFunctionRequest{10 * time.Second: first, time.Minute: settled} {
		rsp, err := newFunction(t).RunFunction(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got := rsp.GetMeta().GetTtl().AsDuration(); got != want {
			t.Errorf("want to be called again after %s, got %s", want, got)
		}
	}
}
