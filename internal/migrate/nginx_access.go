package migrate

import (
	"slices"
	"strings"
)

// nginxAccess is who may call, how often, and how much.
func nginxAccess() []annotation {
	const (
		main = "auth-url"
		tls  = "auth-tls-secret"
	)
	return slices.Concat(
		each(allowFrom, "whitelist-source-range", "allowlist-source-range"),
		each(denyFrom, "denylist-source-range"),
		each(nginxBasicAuth, "auth-type"),
		part("auth-type", "auth-secret", "auth-secret-type", "auth-realm"),
		each(nginxExternalAuth, main),
		part(main, "auth-method", "auth-response-headers"),
		partGone(main, "the server that is asked answers the caller itself, with what it answers to ingress-nginx",
			"let it redirect to the page where one signs in, instead of answering 401", "auth-signin", "auth-signin-redirect-param"),
		partGone(main, "what the server that is asked is told besides is in a ConfigMap, or a setting of NGINX",
			"see that it decides without", "auth-proxy-set-headers", "auth-request-redirect"),
		partGone(main, "cookies of the server that is asked are not passed on when it says no",
			"let it set them when it says yes, or on its own pages", "auth-always-set-cookie"),
		unneeded("the server is asked for every request", "auth-cache-key", "auth-cache-duration"),
		unneeded("gateways keep connections open", "auth-keepalive", "auth-keepalive-share-vars", "auth-keepalive-requests", "auth-keepalive-timeout"),
		each(nginxClientCertificate, tls),
		part(tls, "auth-tls-verify-client", "auth-tls-verify-depth"),
		partGone(tls, "everybody with a certificate of the authority gets in, whatever its name is",
			"let the server check the name, or give those who may call an authority of their own", "auth-tls-match-cn"),
		partGone(tls, "a gateway ends the connection of who has no certificate, and shows no page", "leave it out", "auth-tls-error-page"),
		partGone(tls, "a gateway passes certificates on in X-Forwarded-Client-Cert, if it is told so, and not in ssl-client-cert",
			"let the server read that, and see headers.xForwardedClientCert of Envoy Gateway's ClientTrafficPolicy", "auth-tls-pass-certificate-to-upstream"),
		each(func(r *reading) {
			if !r.on() {
				r.notNeeded("the Gateway API has no authentication for everything that would have to be switched off")
				return
			}
			r.lost("if the ConfigMap of ingress-nginx has a global-auth-url, everybody gets in after the move: it is not read here",
				"look at the ConfigMap; if it has one, write it into each Ingress as auth-url, and migrate again")
		}, "enable-global-auth"),
		each(func(r *reading) {
			if !strings.EqualFold(r.value, "any") {
				r.notNeeded("all of them have to be satisfied, as anywhere")
				return
			}
			if r.peer("auth-type")+r.peer("auth-url") == "" || r.peer("whitelist-source-range")+r.peer("allowlist-source-range")+r.peer("denylist-source-range") == "" {
				r.notNeeded("there are not two of them")
				return
			}
			r.lost("addresses and passwords are both asked for where they are translated: one of them is not enough",
				"decide which of the two is asked for, and take the other one away")
		}, "satisfy"),
		nginxLimits(),
	)
}

// partGone is a part of what another annotation asks for that nothing stands for; without
// the other one it means nothing.
func partGone(of, why, do string, keys ...string) []annotation {
	return each(func(r *reading) {
		if r.peer(of) == "" {
			r.notNeeded("it has no effect without " + of)
			return
		}
		if slices.Contains([]string{"", "false", "off", "0"}, strings.ToLower(r.value)) {
			r.notNeeded("it is switched off")
			return
		}
		r.lost(why, do)
	}, keys...)
}
