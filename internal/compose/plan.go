// Package compose turns one Cluster, and what was observed of it, into the
// ordered resources that it is composed of. It is pure: the same input gives the
// same bytes, and nothing here knows a clock, a network or a Kubernetes client.
package compose

import (
	"fmt"

	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/apps"
	"github.com/gatehouse-platform/gatehouse/internal/cloud"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
	"github.com/gatehouse-platform/gatehouse/internal/wiring"
)

// Planner plans Clusters. It is safe for concurrent use.
type Planner struct {
	catalog  *catalog.Catalog
	apps     []apps.App
	meetings []wiring.Meeting
}

// NewPlanner returns a Planner for a catalog.
func NewPlanner(c *catalog.Catalog) *Planner {
	return &Planner{catalog: c, apps: apps.All(), meetings: wiring.All()}
}

// Plan is what a Cluster is composed of.
type Plan struct {
	Cluster *v2.Cluster
	Cloud   composed.Cloud
	// Resources are to be there now, each after those that it builds on.
	Resources []composed.Resource
	// Held are not to be there yet.
	Held []Held
	// All are both, each after those that it builds on.
	All []composed.Resource
	// Status is the whole status of the Cluster.
	Status map[string]any
	// Conditions of the Cluster, always the same types in the same order.
	Conditions []Condition
	// Apps are the apps that are on, in the order in which they are composed.
	Apps []AppState
	// Meetings are the names of the meetings that apply.
	Meetings []string
}

// Held is a resource that waits for others to be ready.
type Held struct {
	Resource composed.Resource
	// For are the keys of the resources that it waits for.
	For []string
}

// Plan plans a Cluster. The error is an *InvalidError when the Cluster is not
// valid; then nothing may be changed.
func (p *Planner) Plan(obj map[string]any, observed composed.Observed) (*Plan, error) {
	cluster, doubts, err := Check(obj)
	if err != nil {
		return nil, err
	}
	platform, ok := cloud.For(cluster.Provider())
	if !ok {
		return nil, fmt.Errorf("cannot find how to compose a cluster on %q", cluster.Provider())
	}
	scope := &composed.Scope{Cluster: cluster, Catalog: p.catalog}
	scope.ReleasesUse, scope.ObjectsUse = platform.Protected(scope)
	if err := checkRegion(scope, platform, observed); err != nil {
		return nil, err
	}

	plan := &Plan{Cluster: cluster, Cloud: platform}
	plan.meet(scope, p.meetings, observed)
	plan.All = p.resources(scope, platform, observed)
	plan.hold(plan.All, observed)
	plan.Apps = p.appStates(scope, observed)
	plan.Status = status(scope, plan, observed)
	plan.Conditions = plan.conditions(doubts, observed)
	return plan, nil
}

// manyResources is room for what a Cluster with most apps is composed of.
const manyResources = 128

// resources builds everything, in the order of the data flow: the cloud, the way
// to reach it, what every cluster has, the apps, and what is between them.
func (p *Planner) resources(s *composed.Scope, platform composed.Cloud, observed composed.Observed) []composed.Resource {
	all := make([]composed.Resource, 0, manyResources)
	s.For = platform.Title
	all = append(all, platform.Resources(s, observed)...)
	s.For = "access"
	all = append(all, s.ProviderConfigs(platform.Credentials(s))...)
	s.For = "namespaces"
	all = append(all, namespaces(s)...)
	s.For = "creds"
	all = append(all, creds(s)...)
	for _, app := range p.apps {
		if app.Enabled(s.Apps()) {
			s.For = app.Name
			all = append(all, app.Resources(s)...)
		}
	}
	s.For = "secrets"
	all = append(all, apps.Secrets(s)...)
	s.For = "wiring"
	for _, m := range p.meetings {
		if m.When(s.Apps()) && m.Resources != nil {
			from := len(all)
			all = append(all, m.Resources(s)...)
			for i := range all[from:] {
				all[from+i].Why = m.Name
			}
		}
	}
	return all
}
