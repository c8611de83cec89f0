package streaming

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Level is what a policy is attached to.
type Level string

// Levels of policies.
const (
	LevelRule         Level = "rule"
	LevelRoute        Level = "route"
	LevelListener     Level = "listener"
	LevelGateway      Level = "gateway"
	LevelGatewayClass Level = "gatewayClass"
	LevelService      Level = "service"
)

// Policy is a resource that sets clocks, as it stands in the cluster.
type Policy struct {
	// Kind, such as BackendTrafficPolicy.
	Kind string
	// Namespace and Name of it.
	Namespace, Name string
	// Level it is attached at.
	Level Level
	// Spec of it.
	Spec map[string]any
}

func (p Policy) String() string { return fmt.Sprintf("%s %s/%s", p.Kind, p.Namespace, p.Name) }

// ofKind are the policies of a kind, in their order.
func ofKind(all []Policy, kind string) []Policy {
	return slices.DeleteFunc(slices.Clone(all), func(p Policy) bool { return p.Kind != kind })
}

// A setting is a duration that a field of a policy or an annotation sets.
type setting struct {
	duration Duration
	// by says where it stands.
	by string
	// err says that it stands there and cannot be read.
	err error
}

// clock of a setting for which zero means no limit.
func (s setting) clock() clock {
	if s.err != nil {
		return clock{Unknown, s.err.Error()}
	}
	return clock{orUnlimited(s.duration), s.by}
}

// parser reads a duration in the syntax of a policy.
type parser func(string) (Duration, error)

// field reads a duration at a path of the policy's spec; nil where there is none.
func (p Policy) field(parse parser, path ...string) *setting {
	value, found, err := unstructured.NestedFieldNoCopy(p.Spec, path...)
	if !found || err != nil || value == nil {
		return nil
	}
	where := strings.Join(path, ".")
	return read(parse, fmt.Sprint(value), fmt.Sprintf("%s of %s", where, p))
}

// firstField is the field of the first policy that sets it.
func firstField(policies []Policy, parse parser, path ...string) *setting {
	for _, p := range policies {
		if s := p.field(parse, path...); s != nil {
			return s
		}
	}
	return nil
}

// annotation reads a duration of an annotation; nil where there is none.
func annotation(parse parser, annotations map[string]string, key, carrier string) *setting {
	value, found := annotations[key]
	if !found {
		return nil
	}
	return read(parse, strings.TrimSpace(value), fmt.Sprintf("annotation %s of the %s", key, carrier))
}

func read(parse parser, value, by string) *setting {
	d, err := parse(value)
	if err != nil {
		return &setting{by: by, err: fmt.Errorf("cannot use %s: %w", by, err)}
	}
	return &setting{duration: d, by: by}
}

// number reads a whole number of a unit.
func number(unit Duration) parser {
	return func(s string) (Duration, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 || n > int64(maxDuration/unit) {
			return 0, fmt.Errorf("%q is no number that can be used", s)
		}
		return Duration(n) * unit, nil
	}
}

const maxDuration = Duration(1<<63 - 1)

// suffixed reads a number with one of the units, the longest suffix first; without one
// the number is of the unit named "".
func suffixed(units map[string]Duration) parser {
	return func(s string) (Duration, error) {
		digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
		unit, known := units[s[len(digits):]]
		if !known {
			return 0, fmt.Errorf("%q is no duration", s)
		}
		return number(unit)(digits)
	}
}
