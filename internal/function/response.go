package function

import (
	"time"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/gatehouse-platform/gatehouse/internal/compose"
)

// The SDK's package response does the same. It is not used because it imports
// Kubernetes' client types, which the process would hold in memory for nothing.

// How long Crossplane may keep a response before it calls again. While something
// is waited for it calls sooner: a Cluster has so many resources that coming up
// opens Crossplane's circuit breaker (100 events at once), and what becomes ready
// then is not reported for a while
// (https://github.com/crossplane/crossplane/blob/v2.3.4/internal/circuit/token_bucket.go).
const (
	ttlSettled = time.Minute // as the SDK has it
	ttlWaiting = 10 * time.Second
)

func ttl(plan *compose.Plan) *durationpb.Duration {
	for _, c := range plan.Conditions {
		if !c.True {
			return durationpb.New(ttlWaiting)
		}
	}
	return durationpb.New(ttlSettled)
}

// respond begins a response that keeps the desired state of earlier functions.
func respond(req *fnv1.RunFunctionRequest) *fnv1.RunFunctionResponse {
	return &fnv1.RunFunctionResponse{
		Meta:    &fnv1.ResponseMeta{Tag: req.GetMeta().GetTag(), Ttl: durationpb.New(ttlSettled)},
		Desired: req.GetDesired(),
		Context: req.GetContext(),
	}
}

func condition(c compose.Condition) *fnv1.Condition {
	out := &fnv1.Condition{
		Type:   c.Type,
		Status: fnv1.Status_STATUS_CONDITION_FALSE,
		Reason: c.Reason,
		Target: fnv1.Target_TARGET_COMPOSITE.Enum(),
	}
	if c.True {
		out.Status = fnv1.Status_STATUS_CONDITION_TRUE
	}
	if c.Message != "" {
		out.Message = &c.Message
	}
	return out
}
