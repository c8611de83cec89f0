// Package function is the adapter between Crossplane's function protocol and the
// plan: it decodes, plans and sets. It holds no logic of its own.
package function

import (
	"context"
	"errors"
	"fmt"
	"maps"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Function composes Clusters. It is safe for concurrent use.
type Function struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	planner *compose.Planner
}

// New returns a Function that composes what a planner plans.
func New(planner *compose.Planner) *Function { return &Function{planner: planner} }

// RunFunction composes one Cluster. It always answers: with the whole plan, or
// with a Fatal result and the desired state that it was given, so that Crossplane
// changes nothing.
func (f *Function) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	rsp := respond(req)
	plan, err := f.planner.Plan(req.GetObserved().GetComposite().GetResource().AsMap(), observed(req))
	if err != nil {
		return refuse(rsp, err), nil
	}
	desired, err := desire(req.GetDesired(), plan)
	if err != nil {
		return refuse(rsp, err), nil
	}
	rsp.Desired = desired
	rsp.Meta.Ttl = ttl(plan)
	for _, c := range plan.Conditions {
		rsp.Conditions = append(rsp.Conditions, condition(c))
	}
	return rsp, nil
}

// refuse answers that nothing may be changed, and why.
func refuse(rsp *fnv1.RunFunctionResponse, err error) *fnv1.RunFunctionResponse {
	reason := "Internal"
	if invalid := new(compose.InvalidError); errors.As(err, &invalid) {
		reason = "Invalid"
	}
	rsp.Conditions = []*fnv1.Condition{condition(compose.Condition{
		Type:    compose.ConditionParameters,
		Reason:  reason,
		Message: err.Error(),
	})}
	rsp.Results = []*fnv1.Result{{
		Severity: fnv1.Severity_SEVERITY_FATAL,
		Message:  err.Error(),
		Target:   fnv1.Target_TARGET_COMPOSITE.Enum(),
	}}
	return rsp
}

// desire adds the plan to what earlier functions want. The composite carries its
// identity and its status, nothing else.
func desire(before *fnv1.State, plan *compose.Plan) (*fnv1.State, error) {
	var w writer
	composite, err := w.object(map[string]any{
		"apiVersion": plan.Cluster.APIVersion,
		"kind":       plan.Cluster.Kind,
		"status":     plan.Status,
	})
	if err != nil {
		return nil, err
	}
	out := &fnv1.State{
		Composite: &fnv1.Resource{Resource: composite, Ready: before.GetComposite().GetReady()},
		Resources: make(map[string]*fnv1.Resource, len(plan.Resources)+len(before.GetResources())),
	}
	maps.Copy(out.GetResources(), before.GetResources())
	for _, r := range plan.Resources {
		object, err := w.object(r.Object)
		if err != nil {
			return nil, fmt.Errorf("cannot write resource %q: %w", r.Key, err)
		}
		out.Resources[r.Key] = &fnv1.Resource{Resource: object, Ready: ready(r)}
	}
	return out, nil
}

func ready(r composed.Resource) fnv1.Ready {
	if r.Ready {
		return fnv1.Ready_READY_TRUE
	}
	return fnv1.Ready_READY_UNSPECIFIED
}

func observed(req *fnv1.RunFunctionRequest) composed.Observed {
	resources := req.GetObserved().GetResources()
	out := composed.Observed{
		Composite: fields{req.GetObserved().GetComposite().GetResource()},
		Resources: make(map[string]composed.Fields, len(resources)),
	}
	for key, r := range resources {
		out.Resources[key] = fields{r.GetResource()}
	}
	return out
}

// fields reads single fields of a protobuf object without converting the rest:
// observed resources are large, and little of them is needed.
type fields struct{ object *structpb.Struct }

func (f fields) Field(path ...string) any {
	if len(path) == 0 {
		return nil
	}
	return f.at(path...).AsInterface()
}

func (f fields) at(path ...string) *structpb.Value {
	object, last := f.object, len(path)-1
	for _, name := range path[:last] {
		object = object.GetFields()[name].GetStructValue()
	}
	return object.GetFields()[path[last]]
}

// Conditions of the object. They are read of every resource in every call.
func (f fields) Conditions() []composed.Condition {
	list := f.at("status", "conditions").GetListValue().GetValues()
	out := make([]composed.Condition, 0, len(list))
	for _, item := range list {
		if c := item.GetStructValue().GetFields(); c != nil {
			out = append(out, composed.Condition{
				Type:    c["type"].GetStringValue(),
				Status:  c["status"].GetStringValue(),
				Reason:  c["reason"].GetStringValue(),
				Message: c["message"].GetStringValue(),
			})
		}
	}
	return out
}
