package migrate

import (
	"slices"
	"strings"
)

// family is the annotations of one controller, under one of its prefixes.
type family struct {
	// name of it for reports.
	name string
	// controller is the row of the table that reads it.
	controller string
	// prefixes are the beginnings of its annotations. One that ends in "/" means all
	// behind it: what is not listed is reported as lost.
	prefixes []string
	// annotations are all that are known.
	annotations []annotation
	// others are annotations without a prefix of the family, by their whole name.
	others []annotation
	// pathOf is what a path of type ImplementationSpecific means there.
	pathOf func(s *site, path string) implementationPath
	// anyPrefix says that a path of type Prefix means the same there, too.
	anyPrefix bool
	// settle does what depends on several annotations at once, or on none: what the
	// controller does unless it is told otherwise. It may report.
	settle func(m *migration, s *site)
}

// annotation is one of a family.
type annotation struct {
	// key behind the prefix. One that ends in "." or "*" stands for all that begin so.
	key string
	// apply decides what becomes of it.
	apply func(*reading)
}

// families are all that are known. An Ingress is read by the one of its controller.
func families() []*family {
	return []*family{
		ingressNginx(),
		traefik(),
		haproxyTech(),
		haproxyIngress(),
		awsALB(),
		gke(),
	}
}

// isClock tells whether an annotation sets how long a stream lasts.
func (f *family) isClock(key string) bool {
	return slices.Contains([]string{
		nginxPrefix + "proxy-read-timeout", "haproxy.org/timeout-server", "haproxy.com/timeout-server",
		"haproxy-ingress.github.io/timeout-server", "alb.ingress.kubernetes.io/load-balancer-attributes",
	}, key)
}

// knows tells whether an annotation is one of the family.
func (f *family) knows(key string) bool {
	if _, found := f.cut(key); found {
		return true
	}
	return slices.ContainsFunc(f.others, func(a annotation) bool { return a.key == key })
}

func (f *family) cut(key string) (string, bool) {
	for _, prefix := range f.prefixes {
		if rest, found := strings.CutPrefix(key, prefix); found {
			return rest, true
		}
	}
	return "", false
}

func (f *family) find(key string) (annotation, bool) {
	at, name := f.others, key
	if rest, found := f.cut(key); found {
		at, name = f.annotations, rest
	}
	i := slices.IndexFunc(at, func(a annotation) bool {
		if strings.HasSuffix(a.key, ".") || strings.HasSuffix(a.key, "*") {
			return strings.HasPrefix(name, strings.TrimSuffix(a.key, "*"))
		}
		return a.key == name
	})
	if i < 0 {
		return annotation{}, false
	}
	return at[i], true
}

// reading is one annotation on its way. Its apply calls exactly one of translated,
// notNeeded and lost.
type reading struct {
	*migration

	site  *site
	key   string
	value string
	entry Entry
}

// translated says where the result has it.
func (r *reading) translated(to ...Place) { r.entry.Outcome, r.entry.To = Translated, to }

// note says what is different.
func (r *reading) note(why string) { r.entry.Why = why }

func (r *reading) notNeeded(why string) { r.entry.Outcome, r.entry.Why = NotNeeded, why }

func (r *reading) lost(why, do string) {
	r.entry.Outcome, r.entry.To, r.entry.Why, r.entry.Do = Lost, nil, why, do
}

// partly is for what is written, but does not do the same: it needs somebody to look at
// it. What keeps callers out is written rather than left out, so that the door is closed
// until somebody has looked.
func (r *reading) partly(why, do string, to ...Place) {
	r.lost(why, do)
	r.entry.To = to
}

// peer is another annotation of the same family on the same Ingress.
func (r *reading) peer(name string) string { return r.site.annotation(name) }

// on tells whether the value says yes.
func (r *reading) on() bool { return truth(r.value) }

func truth(value string) bool {
	return slices.Contains([]string{"true", "on", "yes", "1", "enabled"}, strings.ToLower(strings.TrimSpace(value)))
}

// annotation of the family by its name behind the prefix; empty if it is not there.
func (s *site) annotation(name string) string {
	if s.family == nil {
		return ""
	}
	for _, prefix := range s.family.prefixes {
		if value, found := s.ingress.Annotations[prefix+name]; found {
			return value
		}
	}
	return ""
}

// read decides about every annotation of an Ingress, and about its paths.
func (m *migration) read(s *site) {
	m.readClass(s)
	m.readClocks(s)
	for _, key := range sortedKeys(s.ingress.Annotations) {
		r := &reading{migration: m, site: s, key: key, value: s.ingress.Annotations[key]}
		r.entry = Entry{Field: key, Value: shown(key, r.value)}
		m.apply(r)
		if r.entry.Outcome != "" {
			s.add(r.entry)
		}
	}
	if s.family != nil && s.family.settle != nil {
		s.family.settle(m, s)
	}
	if s.canary {
		return
	}
	m.readServices(s)
	m.readPaths(s)
	m.readBackends(s)
}

func (m *migration) apply(r *reading) {
	s := r.site
	if s.family != nil {
		if a, found := s.family.find(r.key); found {
			if s.canary && !strings.HasPrefix(r.key, nginxPrefix+"canary") {
				r.notNeeded("ingress-nginx reads it of the main Ingress, not of a canary")
				return
			}
			a.apply(r)
			return
		}
		if _, ours := s.family.cut(r.key); ours {
			r.lost("it is not an annotation of "+s.family.name+" that is known here", "see what it does, and whether the Gateway's controller has the same")
			return
		}
	}
	if m.carry(r) {
		return
	}
	if i := slices.IndexFunc(m.families, func(f *family) bool { return f.knows(r.key) }); i >= 0 {
		f := m.families[i]
		if s.controller.Name == "" {
			r.lost("which controller reads the Ingress is not known: no IngressClass says it", "give its IngressClass with the Ingress")
			return
		}
		r.notNeeded("it is for " + f.name + ", which does not serve class " + s.class)
		return
	}
	r.entry.Outcome = Untouched
}

// unneeded is an annotation that the result does without.
func unneeded(why string, keys ...string) []annotation {
	return each(func(r *reading) { r.notNeeded(why) }, keys...)
}

// gone is an annotation that nothing in the result stands for. One that is switched off
// is not missed.
func gone(why, do string, keys ...string) []annotation {
	return each(func(r *reading) {
		if slices.Contains([]string{"false", "off", "0", "none", "default", "no"}, strings.ToLower(strings.TrimSpace(r.value))) {
			r.notNeeded("it is switched off")
			return
		}
		r.lost(why, do)
	}, keys...)
}

// part is an annotation that only has a meaning with another one, which deals with it.
func part(of string, keys ...string) []annotation {
	return each(func(r *reading) {
		main := r.site.annotation(of)
		if main == "" || (!truth(main) && slices.Contains([]string{"false", "off", "0"}, strings.ToLower(main))) {
			r.notNeeded("it has no effect without " + of)
			return
		}
		r.follow(of)
	}, keys...)
}

// follow reports the same as of another annotation of the Ingress.
func (r *reading) follow(name string) {
	for _, prefix := range r.site.family.prefixes {
		key := prefix + name
		value, found := r.site.ingress.Annotations[key]
		if !found {
			continue
		}
		a, _ := r.site.family.find(key)
		// It is asked again for its answer, on a copy that asks for nothing.
		shadow := *r.site
		shadow.want, shadow.entries = wishes{}, nil
		main := &reading{migration: r.migration, site: &shadow, key: key, value: value}
		a.apply(main)
		main.entry.Field, main.entry.Value = r.entry.Field, r.entry.Value
		r.entry = main.entry
		return
	}
}

func each(apply func(*reading), keys ...string) []annotation {
	var out []annotation
	for _, key := range keys {
		out = append(out, annotation{key, apply})
	}
	return out
}
