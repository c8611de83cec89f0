package streaming

import "testing"

func TestThroughInterceptor(t *testing.T) {
	cases := map[string]struct {
		reason  string
		in      Length
		request string
		want    Length
	}{
		"Nothing":  {"It has no limit of its own", "1h", "", "1h"},
		"Zero":     {"0s is no limit", "1h", "0s", "1h"},
		"Shorter":  {"It cuts first", "1h", "90s", "1m30s"},
		"Longer":   {"The gateway cuts first", "1h", "2h", "1h"},
		"Only":     {"Nothing else cuts", Unlimited, "2h", "2h"},
		"Unknown":  {"What is not known may be shorter", Unknown, "2h", Unknown},
		"Unusable": {"What cannot be read is not known", "1h", "soon", Unknown},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := Limit{Total: tc.in, TotalBy: "gateway", Idle: "5m", IdleBy: "gateway", Advice: []string{"a"}}
			got := in.ThroughInterceptor(tc.request, "InterceptorRoute a/b")
			if got.Total != tc.want || got.TotalBy == "" || got.Idle != "5m" || len(got.Advice) != 2 {
				t.Errorf("%s: want %q, got %+v", tc.reason, tc.want, got)
			}
		})
	}
}
