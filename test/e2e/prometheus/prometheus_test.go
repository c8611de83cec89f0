package prometheus

import "testing"

func TestRelease(t *testing.T) {
	cases := map[string]struct {
		reason, dir, want string
	}{
		"TwoDigits": {
			reason: "The release is tagged v0 for Go, with its major version before the minor one.",
			dir:    "/go/pkg/mod/github.com/prometheus/prometheus@v0.315.0", want: "v3.15.0",
		},
		"LeadingZero": {
			reason: "A minor version has always two digits there.",
			dir:    "/go/pkg/mod/github.com/prometheus/prometheus@v0.305.2", want: "v3.5.2",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := release(tc.dir)
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("\n%s\nrelease(%q): got %q, want %q", tc.reason, tc.dir, got, tc.want)
			}
		})
	}
	if got, err := release("/go/pkg/mod/github.com/prometheus/prometheus@main"); err == nil {
		t.Errorf("a folder without a version gives release %q", got)
	}
}
