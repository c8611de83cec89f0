package topology

import "testing"

func TestMeet(t *testing.T) {
	cases := map[string]struct {
		reason, a, b, want string
		none               bool
	}{
		"Same":          {"A name meets itself", "a.example.com", "a.example.com", "a.example.com", false},
		"Any":           {"Nothing is any name", "", "a.example.com", "a.example.com", false},
		"AnyWildcard":   {"Also a wildcard", "", "*.example.com", "*.example.com", false},
		"Both":          {"Any meets any", "", "", "", false},
		"OneLabel":      {"A wildcard covers one label", "*.example.com", "a.example.com", "a.example.com", false},
		"TwoLabels":     {"And two", "*.example.com", "a.b.example.com", "a.b.example.com", false},
		"NoLabel":       {"But not none", "*.example.com", "example.com", "", true},
		"Narrower":      {"Of two wildcards the narrower", "*.example.com", "*.a.example.com", "*.a.example.com", false},
		"SimilarSuffix": {"A dot has to be there", "*.example.com", "aexample.com", "", true},
		"Other":         {"Different names do not meet", "a.example.com", "b.example.com", "", true},
		"OtherWildcard": {"Nor do different wildcards", "*.a.com", "*.b.com", "", true},
		"Case":          {"Names have no case", "A.Example.com", "a.example.COM", "a.example.com", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
				if got, ok := meet(pair[0], pair[1]); got != tc.want || ok == tc.none {
					t.Errorf("%s: meet(%q, %q): want %q, got %q (%t)", tc.reason, pair[0], pair[1], tc.want, got, ok)
				}
			}
		})
	}
}
