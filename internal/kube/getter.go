package kube

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Getter hands the connection to libraries that make their own clients, as Helm does:
// it is a genericclioptions.RESTClientGetter of k8s.io/cli-runtime. Each has its own
// cache of what the API server serves, filled when it is first asked.
type Getter struct {
	config    *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
}

// Getter for clients whose default namespace is the given one. Whatever they ask ends when
// the context does, and nothing can be asked afterwards.
func (c *Client) Getter(ctx context.Context, namespace string) (*Getter, error) {
	config := rest.CopyConfig(c.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &bound{ctx, next} })
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, c.plain(err)
	}
	cached := memory.NewMemCacheClient(client)
	return &Getter{
		config: config, namespace: namespace, discovery: cached,
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(cached),
	}, nil
}

// ToRESTConfig returns a copy of how the API server is reached.
func (g *Getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.config), nil }

// ToDiscoveryClient returns the cached discovery.
func (g *Getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) { //nolint:ireturn // as cli-runtime has it
	return g.discovery, nil
}

// ToRESTMapper returns the mapper, which asks again for kinds that it does not know.
func (g *Getter) ToRESTMapper() (meta.RESTMapper, error) { return g.mapper, nil } //nolint:ireturn // as cli-runtime has it

// ToRawKubeConfigLoader returns what only the namespace is read from.
func (g *Getter) ToRawKubeConfigLoader() clientcmd.ClientConfig { //nolint:ireturn // as cli-runtime has it
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, &clientcmd.ConfigOverrides{
		Context: clientcmdapi.Context{Namespace: g.namespace},
	})
}
