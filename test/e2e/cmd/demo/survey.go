package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// demoLabel marks the namespaces that the demo made, and may remove.
const demoLabel = "gatehouse-platform.github.io/demo"

// means is what a cluster has of what the demo needs.
type means struct {
	// noCluster and noServer say why a part is left out; empty: it is not.
	noCluster, noServer string
	// class is the GatewayClass for the server, and controller how the chart calls who
	// serves it.
	class, controller string
	// inPods says that Crossplane's providers are pods of the cluster.
	inPods bool
	// address is where the gateway answers, once it is known.
	address string
}

// leftOut are the reasons for what is not shown.
func (m *means) leftOut() []string {
	return slices.DeleteFunc([]string{m.noCluster, m.noServer}, func(why string) bool { return why == "" })
}

// survey looks, and changes nothing. pods tells whether there may be any.
func survey(ctx context.Context, p *plane.Plane, pods bool) (means, error) {
	m := means{}
	providers := &corev1.PodList{}
	if err := p.Client().List(ctx, providers, client.HasLabels{"pkg.crossplane.io/provider"}); err != nil {
		return m, fmt.Errorf("cannot look for Crossplane's providers on %q: %w", p.Config().Host, err)
	}
	m.inPods = len(providers.Items) > 0
	var err error
	if m.noCluster, err = m.whyNoCluster(ctx, p); err != nil {
		return m, err
	}
	if !pods {
		m.noServer = "the MCP server behind a gateway: pods need a node, and that needs root"
		return m, nil
	}
	return m, m.findGateway(ctx, p)
}

// whyNoCluster says why no Cluster can be shown, or nothing.
func (m *means) whyNoCluster(ctx context.Context, p *plane.Plane) (string, error) {
	definition := plane.Reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "clusters.devopstoolkit.ai")
	err := p.Client().Get(ctx, client.ObjectKeyFromObject(definition), definition)
	if apierrors.IsNotFound(err) {
		return "a Cluster: Gatehouse's Configuration is not installed; see Install in the README", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot look at %q: %w", p.Config().Host, err)
	}
	namespaces, err := m.clusterNamespaces()
	if err != nil {
		return "", err
	}
	for _, name := range namespaces {
		err := p.Client().Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
		if err == nil {
			return fmt.Sprintf("a Cluster: it would install into namespace %q, which is there already", name), nil
		}
		if !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("cannot look for namespace %q: %w", name, err)
		}
	}
	return "", nil
}

// clusterNamespaces are those that the demo's Cluster installs into.
func (m *means) clusterNamespaces() ([]string, error) {
	resources, err := m.planned()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range resources {
		name, found, _ := unstructured.NestedString(r.Object, "spec", "forProvider", "namespace")
		if found && r.Object["kind"] == "Release" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// findGateway chooses a GatewayClass that somebody serves whom the chart knows.
func (m *means) findGateway(ctx context.Context, p *plane.Plane) error {
	nodes := &corev1.NodeList{}
	if err := p.Client().List(ctx, nodes); err != nil {
		return fmt.Errorf("cannot list the nodes: %w", err)
	}
	if !slices.ContainsFunc(nodes.Items, isReady) {
		m.noServer = "the MCP server behind a gateway: no node is ready to run pods"
		return nil
	}
	classes := &unstructured.UnstructuredList{}
	classes.SetAPIVersion("gateway.networking.k8s.io/v1")
	classes.SetKind("GatewayClassList")
	if err := p.Client().List(ctx, classes); meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		m.noServer = "the MCP server behind a gateway: the cluster does not know the Gateway API"
		return nil
	} else if err != nil {
		return fmt.Errorf("cannot list the GatewayClasses: %w", err)
	}
	known, err := catalog.LoadControllers()
	if err != nil {
		return err
	}
	slices.SortFunc(classes.Items, func(a, b unstructured.Unstructured) int { return cmp.Compare(a.GetName(), b.GetName()) })
	for _, class := range classes.Items {
		name, _, _ := unstructured.NestedString(class.Object, "spec", "controllerName")
		for _, controller := range known.Gateway {
			if isTrue(&class, "Accepted") && slices.Contains(controller.GatewayClassControllers, name) {
				m.class, m.controller = class.GetName(), controller.Name
				return nil
			}
		}
	}
	m.noServer = "the MCP server behind a gateway: no GatewayClass is accepted by a controller that the chart knows"
	return nil
}

func isReady(node corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// announce says what the demo would change.
func (d *demo) announce() error {
	d.screen.sayf("What the demo makes there, and make demo-down removes:\n")
	d.screen.sayf("  Namespace %s", namespace)
	if d.means.noCluster == "" {
		resources, err := d.means.planned()
		if err != nil {
			return err
		}
		d.screen.sayf("  Cluster %s/demo, and what it is composed of:", namespace)
		for _, r := range resources {
			d.screen.sayf("    %s", describe(r))
		}
	}
	if d.means.noServer == "" {
		d.screen.sayf("  the chart mcp-server in it: pods, Service, Gateway of class %s, HTTPRoute,\n  ClusterRoles and their bindings", d.means.class)
	}
	for _, why := range d.means.leftOut() {
		d.screen.sayf("\nLeft out: %s.", why)
	}
	if d.means.noCluster != "" && d.means.noServer != "" {
		return errors.New("cannot show anything on this cluster")
	}
	return nil
}

// ask returns an error unless somebody agrees.
func (d *demo) ask(question string) error {
	if d.yes {
		return nil
	}
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || !d.screen.terminal {
		return errors.New("cannot ask without a terminal: to go on anyway, make YES=1 demo (or demo-down)")
	}
	_, _ = fmt.Fprintf(d.screen.out, "\n%s [y/N] ", question)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err != nil || answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// makeNamespace makes the namespace of the demo, which must not be somebody else's.
func (d *demo) makeNamespace(ctx context.Context) error {
	made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{
		demoLabel: "true", "pod-security.kubernetes.io/enforce": "restricted",
	}}}
	err := d.plane.Client().Create(ctx, made)
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot begin: namespace %q is there already; make demo-down removes it if it is the demo's", namespace)
	}
	return err
}
