package topology

import "strings"

// meet returns the hostname that two hostnames have in common: the more specific one.
// Empty stands for any. "*.example.com" covers one or more labels before
// ".example.com". https://gateway-api.sigs.k8s.io/reference/spec/#hostname
func meet(a, b string) (host string, ok bool) {
	a, b = strings.ToLower(a), strings.ToLower(b)
	switch {
	case a == "" || a == b:
		return b, true
	case b == "":
		return a, true
	case covers(a, b):
		return b, true
	case covers(b, a):
		return a, true
	}
	return "", false
}

// covers says that a wildcard covers a hostname, or a narrower wildcard.
func covers(wildcard, host string) bool {
	suffix, wild := strings.CutPrefix(wildcard, "*")
	return wild && strings.HasSuffix(strings.TrimPrefix(host, "*"), suffix) && strings.TrimPrefix(host, "*") != suffix
}

// meetAny returns what a listener's hostname has in common with those of a route; a
// route without hostnames takes over that of the listener.
func meetAny(listener string, route []string) []string {
	if len(route) == 0 {
		return []string{strings.ToLower(listener)}
	}
	var out []string
	for _, host := range route {
		if common, ok := meet(listener, host); ok {
			out = append(out, common)
		}
	}
	return out
}
