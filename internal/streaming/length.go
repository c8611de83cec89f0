package streaming

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Length is how long something may last: a duration as the Gateway API writes it
// ("1h30m"), Unlimited or Unknown. It is a string, so that it reads well in JSON.
type Length string

// Lengths that are no duration.
const (
	Unlimited Length = "unlimited"
	Unknown   Length = "unknown"
)

// Duration in nanoseconds, as that of package time, from which it can be converted. A
// pure package does not import that: it also has clocks.
type Duration int64

// Units of durations.
const (
	Microsecond Duration = 1000
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
)

// Lasting is the Length of a duration, in milliseconds at the least.
func Lasting(d Duration) Length {
	if d <= 0 {
		return "0s"
	}
	var b strings.Builder
	for _, unit := range []struct {
		length Duration
		name   string
	}{{Hour, "h"}, {Minute, "m"}, {Second, "s"}, {Millisecond, "ms"}} {
		if n := d / unit.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + unit.name)
			d %= unit.length
		}
	}
	return Length(b.String())
}

// Duration of a Length, and whether it is one: not Unlimited or Unknown.
func (l Length) Duration() (d Duration, limited bool) {
	d, err := goDuration(string(l))
	return d, err == nil
}

// gatewayDuration is the format of the Gateway API, where Go's ParseDuration takes
// more: https://gateway-api.sigs.k8s.io/geps/gep-2257/
var gatewayDuration = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// ParseDuration reads a duration as the Gateway API writes it: up to four numbers of
// up to five digits, each with h, m, s or ms. No fractions, no signs, no bare zero.
func ParseDuration(s string) (Duration, error) {
	if !gatewayDuration.MatchString(s) {
		return 0, fmt.Errorf("cannot read duration %q: it is not of the form 1h30m10s500ms", s)
	}
	units := map[string]Duration{"h": Hour, "m": Minute, "s": Second, "ms": Millisecond}
	sum := Duration(0)
	for rest := s; rest != ""; {
		unit := strings.TrimLeft(rest, "0123456789")
		n, err := strconv.ParseInt(strings.TrimSuffix(rest, unit), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("cannot read duration %q: %w", s, err)
		}
		rest = strings.TrimLeft(unit, "hms")
		sum += Duration(n) * units[strings.TrimSuffix(unit, rest)] // at most 4 times 99999h: no overflow
	}
	return sum, nil
}

// goDuration reads the syntax of Go, which is that of metav1.Duration.
func goDuration(s string) (Duration, error) {
	var d metav1.Duration
	if err := d.UnmarshalJSON([]byte(strconv.Quote(s))); err != nil || d.Duration < 0 {
		return 0, fmt.Errorf("%q is no duration", s)
	}
	return Duration(d.Duration), nil
}

// orUnlimited is the Length of a limit for which zero means none.
func orUnlimited(d Duration) Length {
	if d == 0 {
		return Unlimited
	}
	return Lasting(d)
}

// shorter of two lengths. Unknown with something limited stays unknown: what is not
// known may be shorter.
func shorter(a, b clock) clock {
	da, limitedA := a.length.Duration()
	db, limitedB := b.length.Duration()
	switch {
	case a.length == Unknown:
		return a
	case b.length == Unknown:
		return b
	case limitedB && (!limitedA || db < da):
		return b
	}
	return a
}
