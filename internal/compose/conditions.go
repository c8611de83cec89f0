package compose

import (
	"fmt"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// Types of the conditions that say how far a Cluster is, beside Crossplane's own.
const (
	// ConditionParameters says whether the parameters are composed as they stand.
	ConditionParameters = "ParametersAccepted"
	// ConditionApps says whether every app is ready, and what is waited for.
	ConditionApps = "AppsReady"
)

// Condition of the Cluster. A condition with the same content is no news.
type Condition struct {
	Type    string `json:"type"`
	True    bool   `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
}

func (plan *Plan) conditions(doubts []string, observed composed.Observed) []Condition {
	parameters := Condition{Type: ConditionParameters, True: true, Reason: "Accepted"}
	if len(doubts) > 0 {
		parameters.Reason = "AcceptedWithDoubts"
		parameters.Message = strings.Join(doubts, "; ")
	}
	return []Condition{parameters, plan.appsCondition(observed)}
}

// manyWaits is how many waits a message names: while the control plane is being
// created, everything waits.
const manyWaits = 10

// appsCondition names what is waited for, in the order in which it is composed.
func (plan *Plan) appsCondition(observed composed.Observed) Condition {
	var waits []string
	held := map[string]bool{}
	for _, h := range plan.Held {
		if h.Resource.With != "" {
			continue
		}
		held[h.Resource.Key] = true
		waits = append(waits, fmt.Sprintf("%s waits for %s", plan.short(h.Resource.Key), plan.shorts(h.For)))
	}
	for _, r := range plan.Resources {
		if r.Ready || held[r.Key] || !plan.isApp(r) || observed.Ready(r.Key) {
			continue
		}
		_, reason := readiness(r.Key, observed)
		waits = append(waits, fmt.Sprintf("%s is not ready (%s)", plan.short(r.Key), reason))
	}
	if len(waits) == 0 {
		return Condition{Type: ConditionApps, True: true, Reason: "AllReady"}
	}
	if more := len(waits) - manyWaits; more > 0 {
		waits = append(waits[:manyWaits:manyWaits], fmt.Sprintf("and %d more", more))
	}
	return Condition{Type: ConditionApps, Reason: "Waiting", Message: strings.Join(waits, "; ")}
}

func (plan *Plan) isApp(r composed.Resource) bool {
	kind, _ := r.Object["kind"].(string)
	return kind == "Release" || kind == "Object"
}

// short is a key as people know it: without the name of the Cluster.
func (plan *Plan) short(key string) string {
	name := strings.TrimPrefix(key, plan.Cluster.Name+"-")
	return strings.TrimPrefix(name, "app-")
}

func (plan *Plan) shorts(keys []string) string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = plan.short(key)
	}
	return strings.Join(names, " and ")
}
