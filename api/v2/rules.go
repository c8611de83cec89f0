package v2

import (
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A rule is what a value has to be. Kubernetes' own messages spell out regular
// expressions; with several of them an error fits no screen.
type rule struct {
	check func(string) []string
	want  string
}

func dnsLabel() rule {
	return rule{validation.IsDNS1123Label, "must be a DNS label (lower case letters, digits and -), for example my-name"}
}

func dnsName() rule {
	return rule{validation.IsDNS1123Subdomain, "must be a DNS name (lower case letters, digits, - and .), for example my-name"}
}

func regionName() rule {
	return rule{validation.IsDNS1035Label, "must be the name of a region, for example us-east-1"}
}

func secretKey() rule {
	return rule{validation.IsConfigMapKey, "must be a key of a Secret (letters, digits, -, _ and .), for example accessKeyID"}
}

func annotationKey() rule {
	return rule{validation.IsQualifiedName, "must be the key of an annotation, for example example.com/name"}
}

// hostname is a Gateway API hostname: its first label may be a wildcard.
func hostname() rule {
	check := func(host string) []string {
		if len(validation.IsWildcardDNS1123Subdomain(host)) == 0 {
			return nil
		}
		return validation.IsDNS1123Subdomain(host)
	}
	return rule{check, "must be a DNS name, for example app.example.com or *.example.com"}
}

// required checks a value that must be there.
func required(path *field.Path, value string, r rule) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(path, r.want)}
	}
	return valid(path, value, r)
}

// valid checks a value.
func valid(path *field.Path, value string, r rule) field.ErrorList {
	if len(r.check(value)) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, brief(value), r.want)}
}
