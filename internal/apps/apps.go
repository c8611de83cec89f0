// Package apps holds the apps that a Cluster can have, one file each.
package apps

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// App is one app.
type App struct {
	// Name is its name in spec.parameters.apps.
	Name string
	// Enabled says whether the user asks for it.
	Enabled func(*v2.Apps) bool
	// Resources builds what it is made of. It is called only when it is enabled.
	Resources func(*composed.Scope) []composed.Resource
	// Parts gives the keys that speak for the app in its status, the first of them
	// for its version.
	Parts func(*composed.Scope) []string
}

// All lists every app, in the order in which they are composed. A new one is a
// file and a line here.
func All() []App {
	return []App{
		prometheus(),
		envoyGateway(),
		traefik(),
		keda(),
		certManager(),
		externalDNS(),
		externalSecrets(),
		crossplane(),
		argoCD(),
		dapr(),
		openFunction(),
		nvidia(),
		vllm(),
	}
}

// charts speaks for an app by its Releases.
func charts(names ...string) func(*composed.Scope) []string {
	return func(s *composed.Scope) []string {
		keys := make([]string, len(names))
		for i, name := range names {
			keys[i] = s.ReleaseKey(name)
		}
		return keys
	}
}

// chartOnly is an app that is one chart with few values.
func chartOnly(name, chart string, app func(*v2.Apps) *v2.App, values func() map[string]any) App {
	return App{
		Name:    name,
		Enabled: func(a *v2.Apps) bool { return app(a).Enabled },
		Parts:   charts(chart),
		Resources: func(s *composed.Scope) []composed.Resource {
			return s.Release(composed.AppRelease(chart, app(s.Apps()), values()))
		},
	}
}

func noValues() map[string]any { return nil }
