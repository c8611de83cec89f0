package install

import "testing"

func TestDecide(t *testing.T) {
	deployed := func(change func(*Release)) *Release {
		r := &Release{Chart: "keda", Version: "1.0.0", Values: map[string]any{"a": float64(1)}, Revision: 2, Status: statusDeployed, EverDeployed: true}
		if change != nil {
			change(r)
		}
		return r
	}
	status := func(s string, ever bool) *Release {
		return deployed(func(r *Release) { r.Status, r.EverDeployed = s, ever })
	}
	cases := map[string]struct {
		reason string
		have   *Release
		missing,
		foreign,
		force bool
		want How
	}{
		"Nothing":           {reason: "what is missing is installed", want: Install},
		"Same":              {reason: "numbers are compared as JSON has them: no new revision", have: deployed(nil), want: Keep},
		"SameOfOthers":      {reason: "what others installed as desired is left", have: deployed(nil), foreign: true, want: Keep},
		"SameForced":        {reason: "taking what is as desired would only make a revision", have: deployed(nil), foreign: true, force: true, want: Keep},
		"SameButMissing":    {reason: "nobody else brings back what is gone of it", have: deployed(nil), missing: true, want: Upgrade},
		"MissingOfOthers":   {reason: "they may be at it", have: deployed(nil), missing: true, foreign: true, want: Keep},
		"MissingForced":     {reason: "unless it is taken", have: deployed(nil), missing: true, foreign: true, force: true, want: Upgrade},
		"OtherVersion":      {reason: "a version is an upgrade", have: deployed(func(r *Release) { r.Version = "0.9.0" }), want: Upgrade},
		"OtherValues":       {reason: "values are an upgrade", have: deployed(func(r *Release) { r.Values = map[string]any{"a": "1"} }), want: Upgrade},
		"OtherChart":        {reason: "a chart under a name is its identity", have: deployed(func(r *Release) { r.Chart = "keda2" }), want: Upgrade},
		"OtherOfOthers":     {reason: "what others installed is not changed", have: deployed(func(r *Release) { r.Version = "0.9.0" }), foreign: true, want: Refuse},
		"OtherForced":       {reason: "unless it is taken", have: deployed(func(r *Release) { r.Version = "0.9.0" }), foreign: true, force: true, want: Upgrade},
		"PendingInstall":    {reason: "nothing ran yet: begin again", have: status("pending-install", false), want: Restart},
		"PendingUpgrade":    {reason: "Helm refuses to upgrade what is pending", have: status("pending-upgrade", true), want: Mend},
		"PendingRollback":   {reason: "the same", have: status("pending-rollback", true), want: Mend},
		"PendingOfOthers":   {reason: "somebody else may be at it right now", have: status("pending-upgrade", true), foreign: true, want: Refuse},
		"FailedFirst":       {reason: "hooks of an installation run only when it is one", have: status(statusFailed, false), want: Restart},
		"FailedLater":       {reason: "a failed revision is followed by the next", have: status(statusFailed, true), want: Upgrade},
		"Uninstalling":      {reason: "half removed is removed, then installed", have: status(statusUninstalling, true), want: Finish},
		"UninstalledIsKept": {reason: "the history of a removed release stands in the way", have: status(statusUninstalled, true), want: Finish},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := Deployment{Chart: Chart{Name: "keda", Version: "1.0.0"}, Values: map[string]any{"a": int64(1)}, Force: tc.force}
			if got, why := decide(seen{release: tc.have, missing: tc.missing}, want, !tc.foreign); got != tc.want {
				t.Errorf("%s: want %s, got %s (%s)", tc.reason, tc.want, got, why)
			}
		})
	}
}

func TestSameValues(t *testing.T) {
	if !sameValues(nil, map[string]any{}) {
		t.Error("no values and empty ones differ")
	}
	if sameValues(map[string]any{"a": nil}, map[string]any{}) {
		t.Error("a value that removes a chart's own is the same as none")
	}
}
