package clocks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/streaming"
)

// xds is a configuration dump of Envoy, as far as it has clocks of streams.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto
type xds struct {
	Configs []struct {
		DynamicListeners []struct {
			ActiveState struct {
				Listener listener `json:"listener"`
			} `json:"activeState"`
		} `json:"dynamicListeners"`
		DynamicRouteConfigs []struct {
			RouteConfig struct {
				Name         string `json:"name"`
				VirtualHosts []struct {
					Routes []route `json:"routes"`
				} `json:"virtualHosts"`
			} `json:"routeConfig"`
		} `json:"dynamicRouteConfigs"`
	} `json:"configs"`
}

type listener struct {
	FilterChains       []filterChain `json:"filterChains"`
	DefaultFilterChain filterChain   `json:"defaultFilterChain"`
}

type filterChain struct {
	Filters []struct {
		TypedConfig manager `json:"typedConfig"`
	} `json:"filters"`
}

// manager is Envoy's HTTP connection manager.
type manager struct {
	StreamIdleTimeout *duration `json:"streamIdleTimeout"`
	Common            struct {
		MaxStreamDuration *duration `json:"maxStreamDuration"`
	} `json:"commonHttpProtocolOptions"`
	RDS struct {
		RouteConfigName string `json:"routeConfigName"`
	} `json:"rds"`
}

type route struct {
	Name  string `json:"name"`
	Route *struct {
		Timeout           *duration `json:"timeout"`
		IdleTimeout       *duration `json:"idleTimeout"`
		MaxStreamDuration struct {
			MaxStreamDuration *duration `json:"maxStreamDuration"`
		} `json:"maxStreamDuration"`
	} `json:"route"`
}

// duration is protobuf's: seconds with an s.
type duration time.Duration

// UnmarshalJSON reads it.
func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	*d = duration(parsed)
	return err
}

// clocks end a stream.
type clocks struct{ Total, Idle streaming.Length }

// What Envoy does with what it is not told.
// https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts
const (
	envoyTotal = duration(15 * time.Second)
	envoyIdle  = duration(5 * time.Minute)
)

// clocks of all routes that are made of an HTTPRoute, each different pair once.
func (x xds) clocks(namespace, name string) ([]clocks, error) {
	managers := map[string]manager{}
	for _, config := range x.Configs {
		for _, l := range config.DynamicListeners {
			for _, chain := range append(l.ActiveState.Listener.FilterChains, l.ActiveState.Listener.DefaultFilterChain) {
				for _, filter := range chain.Filters {
					managers[filter.TypedConfig.RDS.RouteConfigName] = filter.TypedConfig
				}
			}
		}
	}
	var out []clocks
	for _, config := range x.Configs {
		for _, dynamic := range config.DynamicRouteConfigs {
			m, found := managers[dynamic.RouteConfig.Name]
			if !found {
				return nil, fmt.Errorf("cannot find the listener of route configuration %q", dynamic.RouteConfig.Name)
			}
			for _, host := range dynamic.RouteConfig.VirtualHosts {
				for _, r := range host.Routes {
					if r.Route == nil || !strings.HasPrefix(r.Name, fmt.Sprintf("httproute/%s/%s/", namespace, name)) {
						continue
					}
					if c := r.clocks(m); !slices.Contains(out, c) {
						out = append(out, c)
					}
				}
			}
		}
	}
	return out, nil
}

// clocks of a route behind a connection manager: what Envoy does with what it is told.
func (r route) clocks(m manager) clocks {
	total := either(r.Route.Timeout, envoyTotal)
	switch {
	case r.Route.MaxStreamDuration.MaxStreamDuration != nil:
		// With it Envoy does not look at the route's timeout (usingNewTimeouts in
		// https://github.com/envoyproxy/envoy/blob/v1.37.0/source/common/router/config_impl.cc),
		// nor at that of the connection manager.
		total = *r.Route.MaxStreamDuration.MaxStreamDuration
	case m.Common.MaxStreamDuration != nil && *m.Common.MaxStreamDuration > 0:
		if most := *m.Common.MaxStreamDuration; total == 0 || most < total {
			total = most
		}
	}
	return clocks{Total: total.length(), Idle: either(r.Route.IdleTimeout, either(m.StreamIdleTimeout, envoyIdle)).length()}
}

func either(given *duration, otherwise duration) duration {
	if given == nil {
		return otherwise
	}
	return *given
}

func (d duration) length() streaming.Length {
	if d == 0 {
		return streaming.Unlimited
	}
	return streaming.Lasting(streaming.Duration(d))
}
