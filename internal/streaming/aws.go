package streaming

import (
	"fmt"
	"strings"
)

// Of https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
// and API_ListenerAttribute.html beside it.
const (
	albIdle     = "idle_timeout.timeout_seconds"
	nlbIdle     = "tcp.idle_timeout.seconds"
	albIngress  = "alb.ingress.kubernetes.io/load-balancer-attributes"
	nlbListener = "service.beta.kubernetes.io/aws-load-balancer-listener-attributes."
)

// awsGateway: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/gateway/loadbalancerconfig/
func awsGateway(r Route) Limit {
	total, idle := defaults(r.Controller.ControllerFacts)
	var class, gateway *setting
	mode := ""
	for _, p := range ofKind(r.Policies, "LoadBalancerConfiguration") {
		s := p.attribute(albIdle)
		if p.Level == LevelGatewayClass {
			class = s
			mode, _ = p.Spec["mergingMode"].(string)
			continue
		}
		gateway = s
	}
	switch {
	case class == nil && gateway == nil:
		return limit(total, idle, "Give the Gateway a LoadBalancerConfiguration with the attribute "+albIdle+", at most 4000.")
	case class == nil, gateway != nil && mode == "prefer-gateway":
		idle = gateway.clock()
	case gateway == nil, mode == "prefer-gateway-class", class.duration == gateway.duration:
		idle = class.clock()
	default:
		idle = clock{Unknown, "the LoadBalancerConfigurations of Gateway and GatewayClass differ and mergingMode does not say which one wins"}
	}
	return limit(total, idle)
}

// attribute of a load balancer, in seconds; nil where it is not set.
func (p Policy) attribute(key string) *setting {
	list, _ := p.Spec["loadBalancerAttributes"].([]any)
	for _, item := range list {
		pair, _ := item.(map[string]any)
		if pair["key"] == key {
			return read(number(Second), fmt.Sprint(pair["value"]), fmt.Sprintf("%s of %s", key, p))
		}
	}
	return nil
}

// awsIngress: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
func awsIngress(in Ingress) Limit {
	total, idle := defaults(in.Controller.ControllerFacts)
	if s := pairs(in.Annotations, albIngress, albIdle); s != nil {
		return limit(total, s.clock())
	}
	return limit(total, idle, "Set the annotation "+albIngress+" of the Ingress to "+albIdle+"=4000, the most it takes.")
}

// pairs reads a number of seconds of an annotation of the form KEY=VALUE,KEY=VALUE.
func pairs(annotations map[string]string, name, key string) *setting {
	for pair := range strings.SplitSeq(annotations[name], ",") {
		if k, value, _ := strings.Cut(strings.TrimSpace(pair), "="); k == key {
			return read(number(Second), value, fmt.Sprintf("%s in annotation %s", key, name))
		}
	}
	return nil
}

// awsListener is the idle limit of a Network Load Balancer's listeners, if a Service
// sets one; the shortest of several.
func awsListener(annotations map[string]string) (clock, bool) {
	best, found := clock{length: Unlimited}, false
	for name := range annotations {
		if !strings.HasPrefix(name, nlbListener) {
			continue
		}
		if s := pairs(annotations, name, nlbIdle); s != nil {
			c := s.clock()
			// Of equally long ones the first by name, so that the answer does not change.
			if got := shorter(best, c); got != best || c.length == best.length && c.by < best.by {
				best = c
			}
			found = true
		}
	}
	return best, found
}
