package diagnose

import (
	"fmt"

	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

func routeSectionMissing() Check {
	c := Check{ID: "route-section-missing", Finds: "a route that names a listener which does not exist"}
	return mismatch(c, topology.AgainstSection, func(_ *scene, u unattached, near []topology.Candidate) Finding {
		name := deref(u.Ref.SectionName)
		f := Finding{Field: u.field("sectionName"), Problem: fmt.Sprintf("Listener %q of %s does not exist%s", name, u.parent(), whatDoes(name, listenerNames(near)))}
		if to := nearest(name, listenerNames(near)); to != "" {
			f.Fix = do(fmt.Sprintf("Name listener %q.", to), u.change(set(u.pointer("/sectionName"), to)))
			return f
		}
		f.Fix = do("Attach to every listener that takes the route.", u.change(unset(u.pointer("/sectionName"))))
		return f
	})
}
