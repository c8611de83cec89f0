package migrate

import (
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

func isHostname(s string) bool {
	return len(validation.IsDNS1123Subdomain(strings.ToLower(s))) == 0 && !isAddress(s)
}

func isWildcard(s string) bool {
	return len(validation.IsWildcardDNS1123Subdomain(strings.ToLower(s))) == 0
}

// numbersOnly is what an IPv4 address looks like: the Gateway API takes no addresses as hosts.
var numbersOnly = regexp.MustCompile(`^[0-9.]+$`)

func isAddress(s string) bool { return numbersOnly.MatchString(s) }

// origin of https://gateway-api.sigs.k8s.io/reference/spec/#corsorigin.
var origin = regexp.MustCompile(`^(https?://(\*\.)?[a-zA-Z0-9][-a-zA-Z0-9.]*(:[0-9]{1,5})?|\*)$`)

func isOrigin(s string) bool { return origin.MatchString(s) }

func quoteMeta(s string) string { return regexp.QuoteMeta(s) }

// wholeNumber is a number of at most nine digits.
func wholeNumber(s string) (string, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if err != nil || n < 0 {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}

// networks are addresses and ranges of a comma-separated value, as ranges; false if one
// is neither.
func networks(value string) ([]string, bool) {
	var out []string
	for _, part := range list(value) {
		if !strings.Contains(part, "/") {
			if strings.Contains(part, ":") {
				part += "/128"
			} else {
				part += "/32"
			}
		}
		if len(validation.IsValidCIDR(nil, part)) > 0 {
			return nil, false
		}
		out = append(out, part)
	}
	return out, len(out) > 0
}

func joinWords(words []string) string { return strings.Join(words, ", ") }

// cutGroup splits an apiVersion.
func cutGroup(apiVersion string) (group, version string, found bool) {
	return strings.Cut(apiVersion, "/")
}
