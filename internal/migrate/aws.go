package migrate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// awsALB is the family of the AWS Load Balancer Controller 3.5. For its own Gateways what
// is about the load balancer goes to a LoadBalancerConfiguration, what is about its
// targets to a TargetGroupConfiguration.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/gateway/loadbalancerconfig/
func awsALB() *family {
	const (
		oidc = "let the server authenticate, or see the policies of the Gateway's controller"
		out  = "the standard has no authentication: after the move everybody gets in"
	)
	return &family{
		name:       "AWS Load Balancer Controller",
		controller: "aws-alb",
		prefixes:   []string{"alb.ingress.kubernetes.io/"},
		pathOf:     wildcards,
		settle:     awsSettle,
		annotations: slices.Concat(
			each(awsAttributes, "load-balancer-attributes"),
			each(awsListenPorts, "listen-ports"),
			each(awsSSLRedirect, "ssl-redirect"),
			each(awsCertificate, "certificate-arn"),
			balancer("scheme", "scheme", oneText),
			balancer("load-balancer-name", "loadBalancerName", oneText),
			balancer("ip-address-type", "ipAddressType", oneText),
			balancer("security-groups", "securityGroups", texts),
			balancer("security-group-prefix-lists", "securityGroupPrefixes", texts),
			balancer("manage-backend-security-group-rules", "manageBackendSecurityGroupRules", boolean),
			balancer("customer-owned-ipv4-pool", "customerOwnedIpv4Pool", oneText),
			balancer("ipam-ipv4-pool-id", "ipv4IPAMPoolId", oneText),
			balancer("subnets", "loadBalancerSubnets", func(value string) (any, bool) {
				var subnets []any
				for _, id := range list(value) {
					subnets = append(subnets, map[string]any{"identifier": id})
				}
				return subnets, len(subnets) > 0
			}),
			balancer("tags", "tags", pairs),
			balancer("shield-advanced-protection", "shieldConfiguration", func(value string) (any, bool) {
				return map[string]any{"enabled": truth(value)}, true
			}),
			balancer("wafv2-acl-arn", "wafV2", func(value string) (any, bool) { return map[string]any{"webACL": value}, value != "" }),
			balancer("inbound-cidrs", "sourceRanges", func(value string) (any, bool) {
				ranges, ok := networks(value)
				return anyList(ranges), ok
			}),
			gone("it is found by its name, and a Gateway refers to it by its ARN"+mayGuard, "set spec.wafV2.webACL of the LoadBalancerConfiguration to its ARN", "wafv2-acl-name"),
			gone("WAF Classic is no longer", "move to WAF v2", "waf-acl-id", "web-acl-id"),
			each(awsListenerSetting, "ssl-policy"),
			gone("a listener's attributes and its trust store have another form"+mayGuard, "set spec.listenerConfigurations of a LoadBalancerConfiguration", "listener-attributes.", "mutual-authentication"),
			each(func(r *reading) {
				r.notNeeded("Ingresses of one class and namespace have one Gateway, and so one load balancer")
			}, "group.name"),
			gone("the rules of a Gateway have the order of the standard: the longest path first", "see that no rule relies on it", "group.order"),

			targets("target-type", oneText, "targetType"),
			targets("backend-protocol", oneText, "protocol"),
			targets("backend-protocol-version", oneText, "protocolVersion"),
			targets("target-group-attributes", attributes, "targetGroupAttributes"),
			targets("multi-cluster-target-group", boolean, "enableMultiCluster"),
			targets("target-node-labels", func(value string) (any, bool) {
				labels, ok := pairs(value)
				return map[string]any{"matchLabels": labels}, ok
			}, "nodeSelector"),
			targets("healthcheck-path", oneText, "healthCheckConfig", "healthCheckPath"),
			targets("healthcheck-port", oneText, "healthCheckConfig", "healthCheckPort"),
			targets("healthcheck-protocol", oneText, "healthCheckConfig", "healthCheckProtocol"),
			targets("healthcheck-interval-seconds", integer, "healthCheckConfig", "healthCheckInterval"),
			targets("healthcheck-timeout-seconds", integer, "healthCheckConfig", "healthCheckTimeout"),
			targets("healthy-threshold-count", integer, "healthCheckConfig", "healthyThresholdCount"),
			targets("unhealthy-threshold-count", integer, "healthCheckConfig", "unhealthyThresholdCount"),
			targets("success-codes", oneText, "healthCheckConfig", "matcher", "httpCode"),

			each(func(r *reading) {
				if r.value == "none" || r.value == "" {
					r.notNeeded("it is switched off")
					return
				}
				do := oidc
				if r.is("aws-lbc") {
					do = "write a ListenerRuleConfiguration with the authentication, and refer to it with an ExtensionRef"
				}
				r.lost(out, do)
			}, "auth-type"),
			part("auth-type", "auth-idp-cognito", "auth-idp-oidc", "auth-on-unauthenticated-request", "auth-scope", "auth-session-cookie", "auth-session-timeout"),
			each(func(r *reading) {
				r.lost("it is an action or a condition of the load balancer in JSON", "write a rule for it: redirects are a RequestRedirect, weights are backendRefs, conditions are matches")
			}, "actions.", "conditions.", "transforms."),
			gone("it is a setting of the load balancer that a Gateway has not", "see the LoadBalancerConfiguration", "minimum-load-balancer-capacity", "enable-frontend-nlb", "create-acm-certificate"),
		),
	}
}

// balancer is a setting of the load balancer itself: of the Gateway.
func balancer(key, field string, parse func(string) (any, bool)) []annotation {
	return each(func(r *reading) {
		if key == "inbound-cidrs" && r.peer("security-groups") != "" {
			r.notNeeded("it has no effect with security-groups")
			return
		}
		if !r.is("aws-lbc") {
			switch {
			case key == "inbound-cidrs":
				allowFrom(r)
				return
			case slices.Contains([]string{"security-groups", "security-group-prefix-lists", "wafv2-acl-arn"}, key):
				r.lost("security groups and firewalls are of AWS; if they keep callers out, "+everybody, "before anything else: see how the load balancer of the Gateway's controller is given them")
				return
			case key == "scheme" && r.value == "internal":
				r.lost(insideOnly, keepInside)
				return
			}
			r.lost("it is about a load balancer of AWS", "see how the Gateway's controller is given its load balancer: spec.infrastructure, or its Service")
			return
		}
		if r.options.Gateway != nil {
			r.lost("the load balancer is that of Gateway "+r.options.Gateway.String(), "ask its owner for "+field+" of the LoadBalancerConfiguration")
			return
		}
		if other := r.otherCallers(key); other != nil {
			r.lost("Ingress "+other.name().String()+" has a load balancer of its own with another one, and both are served by one Gateway: if it keeps callers out, "+everybody,
				"migrate one of them on its own, with another --gateway-class")
			return
		}
		value, ok := parse(strings.TrimSpace(r.value))
		if !ok {
			r.lost("its value cannot be read", "set spec."+field+" of the LoadBalancerConfiguration")
			return
		}
		r.site.parameter(field, value)
		r.translated(r.parameterPlace(r.site, "spec."+field))
	}, key)
}

// otherCallers is an Ingress of the same Gateway that lets in others by its load balancer.
// Those of one group had one already. Without a scheme it was an internal one.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#group.name
func (r *reading) otherCallers(key string) *site {
	if !slices.Contains([]string{"scheme", "inbound-cidrs", "security-groups", "security-group-prefix-lists", "wafv2-acl-arn"}, key) {
		return nil
	}
	group := r.peer("group.name")
	for _, s := range r.sites {
		value := s.annotation(key)
		if key == "scheme" {
			value = cmp.Or(value, "internal")
		}
		if s != r.site && r.gatewayName(s) == r.gatewayName(r.site) && value != r.value && (group == "" || s.annotation("group.name") != group) {
			return s
		}
	}
	return nil
}

// targets is a setting of how the load balancer reaches pods.
func targets(key string, parse func(string) (any, bool), path ...string) []annotation {
	field := append([]string{"defaultConfiguration"}, path...)
	return each(func(r *reading) {
		if !r.is("aws-lbc") {
			switch key {
			case "backend-protocol", "backend-protocol-version":
				backendProtocol(r)
			case "target-group-attributes":
				r.lost("it is about a load balancer of AWS", "stickiness: see the policies of the Gateway's controller; the rest is not needed elsewhere")
			default:
				r.notNeeded("a gateway in the cluster reaches pods by their endpoints, which readiness probes make")
			}
			return
		}
		value, ok := parse(strings.TrimSpace(r.value))
		if !ok {
			r.lost("its value cannot be read", "set spec."+strings.Join(field, ".")+" of the TargetGroupConfiguration")
			return
		}
		r.translated(r.site.set(targetGroupConfig, value, field...)...)
	}, key)
}

// awsAttributes: the idle timeout is a clock of streams; the rest is the load balancer's.
func awsAttributes(r *reading) {
	found, ok := attributes(r.value)
	if !ok {
		r.lost("its value cannot be read", "write KEY=VALUE, with commas between")
		return
	}
	if !r.is("aws-lbc") {
		for _, a := range list(r.value) {
			if !strings.HasPrefix(a, awsIdle+"=") {
				r.lost("attributes of a load balancer of AWS have no place in a Gateway: "+a, "see how the Gateway's controller is given its load balancer")
				return
			}
		}
		clock("")[0].apply(r)
		return
	}
	named, _ := found.([]any) // attributes gives nothing else
	for _, each := range named {
		if pair, _ := each.(map[string]any); pair["key"] != awsIdle {
			r.site.parameter("loadBalancerAttributes", []any{pair})
		}
	}
	r.translated(r.parameterPlace(r.site, "spec.loadBalancerAttributes"))
	r.note(r.site.plan.note)
}

const awsIdle = "idle_timeout.timeout_seconds"

// awsListenPorts: [{"HTTP": 80}, {"HTTPS": 443}]. Listeners here are on 80 and 443.
func awsListenPorts(r *reading) {
	http, https, ok := awsPorts(r.value)
	if !ok {
		r.lost("listeners are made for HTTP on port 80 and HTTPS on port 443 only", "change the listeners of the Gateway")
		return
	}
	if https && !r.site.hasTLS() && r.peer("certificate-arn") == "" && !r.is("aws-lbc") {
		r.lost("which certificate HTTPS has is not in the Ingress: AWS finds it by the hostname", "add spec.tls with a Secret to the Ingress")
		return
	}
	r.site.want.hideHTTP, r.site.want.hideHTTPS = !http, !https
	r.translated(r.site.gatewayPlace("spec.listeners"))
}

func awsPorts(value string) (http, https, ok bool) {
	var ports []map[string]int
	if err := json.Unmarshal([]byte(value), &ports); err != nil {
		return false, false, false
	}
	for _, p := range ports {
		for protocol, port := range p {
			switch {
			case protocol == "HTTP" && port == 80:
				http = true
			case protocol == "HTTPS" && port == 443:
				https = true
			default:
				return false, false, false
			}
		}
	}
	return http, https, http || https
}

func awsSSLRedirect(r *reading) {
	switch {
	case r.value != "443":
		r.lost("it redirects to another port than that of the HTTPS listener", "change the port of the redirect and of the listener")
	case !r.site.hasTLS():
		r.lost("the certificate is not in a Secret, so no HTTPS listener is made", "add spec.tls with a Secret to the Ingress")
	default:
		r.site.want.https = 301
		r.translated(r.site.redirectPlaces()...)
	}
}

// awsCertificate: ACM keeps the key, so only a load balancer of AWS can have it.
func awsCertificate(r *reading) {
	certificates := list(r.value)
	if !r.is("aws-lbc") || len(certificates) == 0 {
		r.lost("the key of a certificate of ACM never leaves AWS", "let cert-manager issue one: add spec.tls with a Secret to the Ingress, and annotate it with cert-manager.io/cluster-issuer")
		return
	}
	config := map[string]any{"protocolPort": "HTTPS:443", "defaultCertificate": certificates[0]}
	if len(certificates) > 1 {
		config["certificates"] = anyList(certificates[1:])
	}
	if policy := r.peer("ssl-policy"); policy != "" {
		config["sslPolicy"] = policy
	}
	r.site.parameter("listenerConfigurations", []any{config})
	r.translated(r.parameterPlace(r.site, "spec.listenerConfigurations[].defaultCertificate"))
}

func awsListenerSetting(r *reading) {
	if !r.is("aws-lbc") {
		r.lost("it is the name of a policy of AWS", "see the TLS settings of the Gateway's controller")
		return
	}
	if r.peer("certificate-arn") == "" {
		r.site.parameter("listenerConfigurations", []any{map[string]any{"protocolPort": "HTTPS:443", "sslPolicy": r.value}})
	}
	r.translated(r.parameterPlace(r.site, "spec.listenerConfigurations[].sslPolicy"))
}

const (
	insideOnly = "the load balancer is reached from inside only, and that of a Gateway may be public"
	keepInside = "before anything else: see how the Gateway's controller is given an internal load balancer"
)

// awsSettle: without listen-ports there is one port only, HTTPS where there is a
// certificate; without a scheme the load balancer is an internal one.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#scheme
func awsSettle(m *migration, s *site) {
	if s.annotation("scheme") == "" && !m.is("aws-lbc") && m.options.Gateway == nil {
		s.lost("(default) scheme", "internal", insideOnly+"; IngressClassParams may say otherwise", keepInside)
	}
	if s.annotation("listen-ports") == "" && s.hasTLS() {
		s.want.hideHTTP = true
	}
}

func oneText(value string) (any, bool) { return value, value != "" }

func texts(value string) (any, bool) { return anyList(list(value)), len(list(value)) > 0 }

func boolean(value string) (any, bool) { return truth(value), true }

func integer(value string) (any, bool) {
	n, err := strconv.ParseInt(value, 10, 32)
	return n, err == nil
}

func pairs(value string) (any, bool) {
	out := map[string]any{}
	for _, part := range list(value) {
		key, text, found := strings.Cut(part, "=")
		if !found || key == "" {
			return nil, false
		}
		out[strings.TrimSpace(key)] = strings.TrimSpace(text)
	}
	return out, len(out) > 0
}

func attributes(value string) (any, bool) {
	named, ok := pairs(value)
	if !ok {
		return nil, false
	}
	fields, _ := named.(map[string]any)
	var out []any
	for _, key := range sortedKeys(fields) {
		out = append(out, map[string]any{"key": key, "value": fields[key]})
	}
	return out, true
}
