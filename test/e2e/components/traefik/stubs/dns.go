// Package dns takes the place of the package of that name in lego, which links the SDK of
// every provider of DNS: more than half of what Traefik would have to be compiled from, to
// ask ACME for certificates by DNS, which nothing here does.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v4/challenge"
)

// NewDNSChallengeProviderByName refuses every name.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("cannot use DNS provider %q: this Traefik is built without", name)
}
