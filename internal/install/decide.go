package install

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Statuses of Helm releases (helm.sh/helm/v4/pkg/release/common).
const (
	statusDeployed     = "deployed"
	statusUninstalled  = "uninstalled"
	statusUninstalling = "uninstalling"
	statusFailed       = "failed"
	statusPending      = "pending-" // and what: install, upgrade, rollback
)

// decide says how a release gets to what is desired. ours says that we installed it; of
// what others did nothing is changed without force, and what is as desired stays. What is
// missing of a release comes back by deploying it again, and nobody else would do that.
func decide(s seen, want Deployment, ours bool) (how How, why string) {
	have := s.release
	if have == nil {
		return Install, ""
	}
	mine := ours || want.Force
	switch {
	case asDesired(have, want) && s.missing && mine:
		return Upgrade, ""
	case asDesired(have, want):
		return Keep, ""
	case !mine:
		return Refuse, fmt.Sprintf("revision %d, chart %s %s, %s, was not installed by gatehouse", have.Revision, have.Chart, have.Version, have.Status)
	case have.Status == statusUninstalling || have.Status == statusUninstalled:
		return Finish, ""
	case !have.EverDeployed:
		return Restart, ""
	case strings.HasPrefix(have.Status, statusPending):
		return Mend, ""
	default:
		return Upgrade, ""
	}
}

func asDesired(have *Release, want Deployment) bool {
	return have.Status == statusDeployed && have.Chart == want.Chart.Name && have.Version == want.Chart.Version &&
		sameValues(have.Values, want.Values)
}

// sameValues compares as JSON has it: numbers of different Go types, and no values and
// empty ones, are the same.
func sameValues(a, b map[string]any) bool {
	return reflect.DeepEqual(normal(a), normal(b))
}

func normal(values map[string]any) any {
	if len(values) == 0 {
		return nil
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return values
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return values
	}
	return out
}
