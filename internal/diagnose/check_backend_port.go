package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

func backendPort() Check {
	return Check{"backend-port", "a route to a port that the Service does not have", Error, func(x *scene) []Finding {
		var out []Finding
		for _, b := range x.backends {
			service := x.service(b.Key)
			if service == nil || elsewhere(service) || b.resolved() || b.Port == 0 || slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == b.Port }) {
				continue
			}
			f := Finding{
				Object: b.object(), Field: b.field("port"),
				Problem: saying(fmt.Sprintf("Service %q has no port %d; it has %s", b.Key, b.Port, portsOf(service)), b.refusal()) + ".",
				Why:     whyBackend,
				Fix:     byHand("Send to a port that the Service has."),
			}
			if to := portFor(service, b.Port); to != 0 {
				f.Fix = do(fmt.Sprintf("Send to port %d.", to), b.change(set(b.pointer("/port"), to)))
			}
			out = append(out, f)
		}
		return out
	}}
}

func portsOf(s *corev1.Service) string {
	var out []string
	for _, p := range s.Spec.Ports {
		port := strconv.Itoa(int(p.Port))
		if p.Name != "" {
			port = fmt.Sprintf("%d (%s)", p.Port, p.Name)
		}
		out = append(out, port)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// portFor is the port that was meant: the only one, or that of the pods' port of that
// number, which is confused with it most often. 0 for none.
func portFor(s *corev1.Service, asked int32) int32 {
	if len(s.Spec.Ports) == 1 {
		return s.Spec.Ports[0].Port
	}
	for _, p := range s.Spec.Ports {
		if p.TargetPort.IntVal == asked {
			return p.Port
		}
	}
	return 0
}
