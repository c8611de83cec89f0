package suite

import (
	"strings"
	"testing"
)

func TestTiers(t *testing.T) {
	cases := map[string]struct {
		reason  string
		options Options
		here    machine
		skip    string
		err     string
	}{
		"PlaneWithoutRoot": {reason: "Whoever may run programs may run the plane.", options: Options{Tier: Plane, Components: []string{"crossplane"}}},
		"PlaneInCI":        {reason: "The same there.", options: Options{Tier: Plane, Components: []string{"crossplane"}}, here: machine{ci: true}},
		"NodeAsRoot":       {reason: "Root has everything.", options: Options{Tier: Node, Components: []string{"node"}}, here: machine{root: true}},
		"NodeWithoutRoot":  {reason: "Who may not have a node may run everything else.", options: Options{Tier: Node, Components: []string{"node"}}, skip: "needs root"},
		"NodeInCI":         {reason: "A run of CI that leaves something out is not green.", options: Options{Tier: Node, Components: []string{"node"}}, here: machine{ci: true}, err: "needs root"},
		"HiddenNode":       {reason: "Too small a tier would fail only without root.", options: Options{Tier: Plane, Components: []string{"traefik"}}, here: machine{root: true}, err: "a node"},
		"Everything":       {reason: "No names select all components, a node among them.", options: Options{Tier: Plane}, here: machine{root: true}, err: "a node"},
		"NoTier":           {reason: "Tests name what they need.", options: Options{Components: []string{"crossplane"}}, here: machine{root: true}, err: `tier ""`},
		"UnknownComponent": {reason: "A misspelt name is no reason to skip.", options: Options{Tier: Node, Components: []string{"nodes"}}, err: `"nodes"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			skip, err := tc.options.check(tc.here)
			if (skip != "") != (tc.skip != "") || !strings.Contains(skip, tc.skip) {
				t.Errorf("%s\nskipped because %q, want %q", tc.reason, skip, tc.skip)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s\nerror %v, want one with %q", tc.reason, err, tc.err)
			}
		})
	}
}
