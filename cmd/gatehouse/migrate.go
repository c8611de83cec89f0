package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/migrate"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

type migrateCmd struct {
	Files        []string `help:"Files or folders with Ingresses and their Services; - for standard input. Without it the Ingresses of the cluster." name:"file" placeholder:"FILE" short:"f"`
	Values       string   `help:"Values file of the chart mcp-server, or of the chart it follows, instead of Ingresses." placeholder:"FILE"`
	Controller   string   `help:"Controller of the Gateway, as in docs/gateway-api.md; what the standard promises when it is not given." placeholder:"NAME"`
	GatewayClass string   `help:"GatewayClass of the Gateways; the controller's usual one, or the Ingress's class, when it is not given." placeholder:"NAME"`
	Gateway      string   `help:"Gateway that is there already, to attach routes to instead of making one." placeholder:"NAMESPACE/NAME"`
	Output       string   `default:"auto" enum:"auto,yaml,values" help:"yaml: objects to apply. values: a values file of the chart mcp-server. auto: values with --values, else yaml." short:"o"`
	Report       string   `default:"text" enum:"text,json" help:"How the report is written, on standard error: text or json."`
	Namespace    string   `help:"Only Ingresses of this namespace of the cluster." placeholder:"NAME" short:"n"`
	Kubeconfig   string   `help:"Kubeconfig file of the cluster." placeholder:"FILE"`
	Context      string   `help:"Context of the kubeconfig." placeholder:"NAME"`
}

// Help is what --help adds.
func (migrateCmd) Help() string {
	return `Turns Ingresses into a Gateway and HTTPRoutes that behave alike, with the policies
of the Gateway's controller where it is given. The result is on standard output, and
a report of every annotation on standard error: translated, not needed, or lost, and
what to do then. Nothing is applied.

Exit codes: 0 everything is in the result, 1 something is lost or the input is wrong,
2 could not run.`
}

// Run migrates.
func (c migrateCmd) Run(s streams) error {
	options := migrate.Options{Controller: c.Controller, GatewayClass: c.GatewayClass}
	if c.Gateway != "" {
		gateway, err := migrate.ParseName(c.Gateway)
		if err != nil {
			return err
		}
		options.Gateway = &gateway
	}
	report, err := c.migrate(s, options)
	if err != nil {
		return err
	}
	if err := c.tell(s, report); err != nil {
		return err
	}
	if report.Summary.Lost > 0 {
		return errFindings
	}
	return nil
}

// migrate writes the result.
func (c migrateCmd) migrate(s streams, o migrate.Options) (migrate.Report, error) {
	switch {
	case c.Values != "" && (len(c.Files) > 0 || c.Output == "yaml"):
		return migrate.Report{}, fmt.Errorf("cannot migrate: a values file becomes a values file; give --values without --file and without --output yaml: %w", migrate.ErrInput)
	case c.Values != "":
		return c.valuesFile(s, o)
	}
	in, err := c.input(s)
	if err != nil {
		return migrate.Report{}, err
	}
	if c.Output == "values" {
		result, err := migrate.ValuesOf(in, o)
		if err != nil {
			return migrate.Report{}, err
		}
		return result.Report, writeValues(s, result)
	}
	result, err := migrate.Run(in, o)
	if err != nil {
		return migrate.Report{}, err
	}
	return result.Report, result.YAML(s.Out)
}

func (c migrateCmd) valuesFile(s streams, o migrate.Options) (migrate.Report, error) {
	documents, err := readAll(s, []string{c.Values})
	if err != nil {
		return migrate.Report{}, err
	}
	if len(documents) != 1 {
		return migrate.Report{}, fmt.Errorf("cannot read %q: a values file is one document, and this has %d: %w", c.Values, len(documents), migrate.ErrInput)
	}
	result, err := migrate.Values(documents[0].Object, c.Values, o)
	if err != nil {
		return migrate.Report{}, err
	}
	return result.Report, writeValues(s, result)
}

func writeValues(s streams, result *migrate.ValuesResult) error {
	raw, err := yaml.Marshal(result.Values)
	if err != nil {
		return fmt.Errorf("cannot write the values: %w", err)
	}
	_, err = s.Out.Write(raw)
	return err
}

func (c migrateCmd) tell(s streams, report migrate.Report) error {
	if c.Report == "text" {
		return report.Text(s.Err)
	}
	enc := json.NewEncoder(s.Err)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(report)
}

// input reads files, or the cluster.
func (c migrateCmd) input(s streams) (migrate.Input, error) {
	if len(c.Files) == 0 {
		return c.cluster(context.Background())
	}
	documents, err := readAll(s, c.Files)
	if err != nil {
		return migrate.Input{}, err
	}
	var objects []map[string]any
	for _, d := range documents {
		objects = append(objects, d.Object)
	}
	return migrate.Read(objects)
}

// cluster reads what is migrated of a cluster. Each kind is listed once, in pages.
func (c migrateCmd) cluster(ctx context.Context) (migrate.Input, error) {
	live, err := kube.Connect(kube.Config{Kubeconfig: c.Kubeconfig, Context: c.Context, UserAgent: "gatehouse-migrate"})
	if err != nil {
		return migrate.Input{}, fmt.Errorf("cannot read Ingresses: %w; give files with --file", err)
	}
	var only topology.Options
	if c.Namespace != "" {
		only.Namespaces = []string{c.Namespace}
	}
	snapshot, err := topology.Load(ctx, live.Reader(), only)
	if err != nil {
		return migrate.Input{}, err
	}
	for _, unseen := range snapshot.Unseen {
		if unseen.Kind == "Ingress" {
			return migrate.Input{}, fmt.Errorf("cannot read Ingresses: %s %s", unseen.Reason, unseen.Message)
		}
	}
	in := migrate.Input{
		Ingresses: snapshot.Objects.Ingresses.All(), Services: snapshot.Objects.Services.All(), Classes: snapshot.Objects.IngressClasses.All(),
		Others: snapshot.Objects.Other("BackendConfig"),
	}
	for _, kind := range []schema.GroupVersionKind{
		{Group: "traefik.io", Version: "v1alpha1", Kind: "MiddlewareList"},
		{Group: "networking.gke.io", Version: "v1beta1", Kind: "FrontendConfigList"},
	} {
		more, err := others(ctx, live.Reader(), kind, c.Namespace)
		if err != nil {
			return migrate.Input{}, err
		}
		in.Others = append(in.Others, more...)
	}
	return in, nil
}

// others lists a kind that may not be there.
func others(ctx context.Context, r topology.Reader, kind schema.GroupVersionKind, namespace string) ([]*unstructured.Unstructured, error) {
	found := &unstructured.UnstructuredList{}
	found.SetGroupVersionKind(kind)
	err := r.List(ctx, found, client.InNamespace(namespace))
	if meta.IsNoMatchError(err) || errors.Is(client.IgnoreNotFound(err), nil) && err != nil {
		return nil, nil //nolint:nilerr // a cluster that does not have the kind has no objects of it
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list %s: %w", kind.Kind, err)
	}
	var out []*unstructured.Unstructured
	for i := range found.Items {
		out = append(out, &found.Items[i])
	}
	return out, nil
}
