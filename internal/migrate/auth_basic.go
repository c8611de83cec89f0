package migrate

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// basicAuth is a password that is asked for, of a family whose Secret no other controller
// reads.
func basicAuth(r *reading) {
	if strings.EqualFold(r.value, "none") || r.value == "" {
		r.notNeeded("it is switched off")
		return
	}
	do := "let the server authenticate, or see the policies of the Gateway's controller"
	switch {
	case r.is("envoy-gateway"):
		do = "write a SecurityPolicy with basicAuth; its Secret has the key .htpasswd, with SHA hashes"
	case r.is("traefik"):
		do = "write a Middleware with basicAuth, whose Secret has the key users, and refer to it with an ExtensionRef"
	case r.is("kong"):
		do = "write a KongPlugin basic-auth, and refer to it with the annotation konghq.com/plugins of the HTTPRoute"
	}
	r.lost("the standard does not authenticate, and every controller wants another form of the Secret: "+everybody, do)
}

// nginxBasicAuth asks for the passwords of a file that is in a Secret.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#authentication
func nginxBasicAuth(r *reading) {
	name, here := r.secretName(r.peer("auth-secret"))
	if !strings.EqualFold(r.value, "basic") || !here || r.peer("auth-secret-type") == "auth-map" {
		basicAuth(r)
		return
	}
	switch {
	case r.is("traefik"):
		r.traefikBasicAuth(name)
	case r.is("envoy-gateway"):
		r.envoyBasicAuth(name, true)
	default:
		basicAuth(r)
	}
}

// traefikBasicAuth: Traefik takes the only key of a Secret for such a file, whatever the
// key is.
// https://github.com/traefik/traefik/blob/v3.6.12/pkg/provider/kubernetes/crd/kubernetes.go (loadAuthCredentials)
func (r *reading) traefikBasicAuth(secret string) {
	spec := map[string]any{"secret": secret, "removeHeader": true} // as ingress-nginx does
	if realm := r.peer("auth-realm"); realm != "" {
		spec["realm"] = realm
	}
	filter, place := r.site.extension(traefikMiddlewareKind, "users", map[string]any{"basicAuth": spec})
	r.site.want.guard(rankBasic, filter)
	to := append(r.site.extensionPlaces(), place)
	const do = "see that the Secret has the key auth alone, hashes of MD5 ($apr1$), SHA1 or bcrypt, and no line that is commented out: " +
		"then nothing is missing; gatehouse migrate -f looks at a Secret that is given with the Ingress"
	switch users, key := htpasswd(r.secret(secret)); {
	case r.secret(secret) == nil:
		r.partly("Traefik reads the same Secret, but not every form of it: a Secret with two keys, and users with other hashes, let nobody in, "+
			"and a user who is commented out (#) gets in with that name", do, to...)
	case key != "auth":
		r.partly("Traefik reads a Secret with one key only, and this one has not: nobody gets in", "give the Secret the key auth alone", to...)
	case slices.ContainsFunc(users, func(u user) bool { return !u.is("$apr1$", "{SHA}", "$2a$", "$2b$", "$2x$", "$2y$") }):
		r.partly("the Secret has lines that Traefik takes for others than ingress-nginx does", do, to...)
	default:
		r.translated(to...)
		r.note("Traefik reads the same Secret")
	}
}

// envoyBasicAuth: Envoy Gateway answers 500 as long as the Secret is not there.
// https://github.com/envoyproxy/gateway/blob/v1.7.0/internal/gatewayapi/securitypolicy.go (buildBasicAuth, validateHtpasswdFormat)
func (r *reading) envoyBasicAuth(secret string, removeHeader bool) {
	made := secret + "-htpasswd"
	to := r.site.set(securityPolicy, map[string]any{"name": made}, "basicAuth", "users")
	if removeHeader {
		r.site.want.requestHeader("Authorization", "")
	}
	namespace := r.site.ingress.Namespace
	users, key := htpasswd(r.secret(secret))
	do := "make Secret " + namespace + "/" + made + " with the key .htpasswd, and the users with SHA hashes (htpasswd -s): others Envoy does not know"
	if key != "" && !slices.ContainsFunc(users, func(u user) bool { return !u.is("{SHA}") }) {
		do = "kubectl get secret " + secret + " --namespace " + namespace + ` --output go-template='{{index .data "` + key + `" | base64decode}}' | ` +
			"kubectl create secret generic " + made + " --namespace " + namespace + " --from-file=.htpasswd=/dev/stdin"
	}
	r.partly("Envoy Gateway reads a Secret of another form, and answers 500 until it is there: nobody gets in", do, to...)
}

// user is a line of a password file.
type user struct{ name, hash string }

// is tells whether the hash is one of these, and nothing else is in the line.
func (u user) is(kinds ...string) bool {
	return u.name != "" && !strings.HasPrefix(u.name, "#") && !strings.ContainsAny(u.hash, ": \t\r") &&
		slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(u.hash, kind) })
}

// htpasswd reads the lines of a Secret with a password file, and the key that it is under;
// no key if the Secret has more than that.
func htpasswd(s *corev1.Secret) (users []user, key string) {
	if s == nil || len(s.Data)+len(s.StringData) != 1 {
		return nil, ""
	}
	file := ""
	for key = range s.Data {
		file = string(s.Data[key])
	}
	for key = range s.StringData {
		file = s.StringData[key]
	}
	for line := range strings.SplitSeq(file, "\n") {
		if line == "" {
			continue
		}
		name, hash, _ := strings.Cut(line, ":")
		users = append(users, user{name, hash})
	}
	if len(users) == 0 {
		return nil, ""
	}
	return users, key
}
