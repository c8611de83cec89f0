// Package kube makes the clients of Kubernetes' API: nothing else in this repository
// does. Connecting does not talk to the API server yet, so that a program starts, and
// says plainly what is missing, while there is none.
package kube

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
)

// What callers tell apart. Both come wrapped in what was tried.
var (
	// ErrNoConfig: there is neither a kubeconfig nor a pod's service account.
	ErrNoConfig = errors.New("no cluster is configured")
	// ErrUnreachable: the API server does not answer.
	ErrUnreachable = errors.New("the API server does not answer")
)

// Config says which cluster.
type Config struct {
	// Kubeconfig is a file; empty for the usual rules: the files of KUBECONFIG, else
	// ~/.kube/config, else the service account of the pod.
	Kubeconfig string
	// Context of the kubeconfig; empty for the current one.
	Context string
	// UserAgent by which the API server's log knows us; empty for that of client-go.
	UserAgent string
	// QPS are the calls in a second at most, with bursts of twice as many; 0 for 50.
	QPS float32
	// Timeout of every call but watches; 0 for 30s.
	Timeout time.Duration
}

const (
	defaultQPS     = 50
	defaultTimeout = 30 * time.Second
)

// Client talks to one cluster. It is safe for use by several goroutines.
type Client struct {
	host    string
	config  *rest.Config
	timeout time.Duration
	client  client.Client
	dynamic dynamic.Interface
	// metadata watches for changes, where the objects themselves do not matter.
	metadata  metadata.Interface
	discovery discovery.ServerVersionInterface
	hub       *hub
}

// Connect makes a client. It does not talk to the API server yet.
// The error wraps ErrNoConfig if there is no configuration.
func Connect(c Config) (*Client, error) {
	cfg, err := restConfig(c)
	if err != nil {
		return nil, err
	}
	return connect(cfg, c)
}

func restConfig(c Config) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: c.Context}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err) && c.Kubeconfig == "" && c.Context == "":
		return nil, fmt.Errorf("%w: tried KUBECONFIG, ~/.kube/config and the service account of a pod", ErrNoConfig)
	case clientcmd.IsEmptyConfig(err):
		return nil, fmt.Errorf("%w: tried context %q of kubeconfig %q", ErrNoConfig, cmp.Or(c.Context, "current"), cmp.Or(c.Kubeconfig, "default"))
	case err != nil && c.Kubeconfig != "":
		return nil, fmt.Errorf("cannot use kubeconfig %q: %w", c.Kubeconfig, err)
	case err != nil:
		return nil, fmt.Errorf("cannot use the kubeconfig: %w", err)
	}
	return cfg, nil
}

func connect(cfg *rest.Config, c Config) (*Client, error) {
	cfg = rest.CopyConfig(cfg)
	if c.UserAgent != "" {
		cfg.UserAgent = c.UserAgent
	}
	cfg.QPS = cmp.Or(c.QPS, defaultQPS)
	cfg.Burst = int(2 * cfg.QPS)
	// One budget for all clients that are made of it.
	cfg.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(cfg.QPS, cfg.Burst)
	timeout := cmp.Or(c.Timeout, defaultTimeout)

	// Watches go on for minutes: they have a client without a time limit of its own.
	// Both share their connections, as client-go caches transports.
	cfg.Timeout = 0
	watching, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	calling := &http.Client{Transport: watching.Transport, Timeout: timeout}
	mapper, err := apiutil.NewDynamicRESTMapper(cfg, calling)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	objects, err := client.New(cfg, client.Options{HTTPClient: calling, Scheme: newScheme(), Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	changes, err := dynamic.NewForConfigAndClient(cfg, watching)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	names, err := metadata.NewForConfigAndClient(cfg, watching)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	versions, err := discovery.NewDiscoveryClientForConfigAndClient(cfg, calling)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", cfg.Host, err)
	}
	return &Client{
		host: cfg.Host, config: cfg, timeout: timeout, client: objects, dynamic: changes,
		metadata: names, discovery: versions, hub: newHub(),
	}, nil
}

// Host is where the API server is.
func (c *Client) Host() string { return c.host }

// newScheme holds the types that are read. Adding them cannot fail: they are compiled
// in, and none is added twice.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme,
		networkingv1.AddToScheme, gatewayv1.Install, gatewayv1beta1.Install,
	} {
		if err := add(scheme); err != nil {
			panic(fmt.Sprintf("cannot build the scheme: %v", err))
		}
	}
	return scheme
}
