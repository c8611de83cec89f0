package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/sets"

	config "github.com/cert-manager/cert-manager/internal/apis/config/controller"
	"github.com/cert-manager/cert-manager/internal/apis/config/controller/scheme"
	defaults "github.com/cert-manager/cert-manager/internal/apis/config/controller/v1alpha1"
	configv1alpha1 "github.com/cert-manager/cert-manager/pkg/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/controller"
	gateways "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	"github.com/cert-manager/cert-manager/pkg/controller/configfile"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	// Issuers register themselves.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/venafi"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

// runController runs the controllers that the configuration enables.
func runController(ctx context.Context, args []string) error {
	c, err := controllerConfiguration(args)
	if err != nil {
		return err
	}
	options, err := contextOptions(c)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	health, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.HealthzListenAddress)
	if err != nil {
		return fmt.Errorf("cannot listen for probes: %w", err)
	}
	group.Go(func() error { return healthz.NewServer(c.LeaderElectionConfig.HealthzTimeout).Start(ctx, health) })
	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return fmt.Errorf("cannot prepare the controllers: %w", err)
	}
	root, err := factory.Build()
	if err != nil {
		return fmt.Errorf("cannot prepare the controllers: %w", err)
	}
	for name, construct := range controller.Known() {
		if !enabled(c, name) {
			continue
		}
		made, err := construct(factory)
		if err != nil {
			return fmt.Errorf("cannot make controller %q: %w", name, err)
		}
		group.Go(func() error { return made.Run(c.NumberOfConcurrentWorkers, ctx) })
	}
	root.SharedInformerFactory.Start(ctx.Done())
	root.KubeSharedInformerFactory.Start(ctx.Done())
	root.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if c.GatewayAPIConfig.Enabled {
		root.GWShared.Start(ctx.Done())
	}
	return group.Wait()
}

// enabled tells whether the configuration asks for a controller.
func enabled(c *config.ControllerConfiguration, name string) bool {
	if name == gateways.ControllerName {
		return c.GatewayAPIConfig.Enabled
	}
	return slices.Contains(defaults.DefaultEnabledControllers, name)
}

// controllerConfiguration is what the file of --config says, or else the defaults, with
// the flags over it.
func controllerConfiguration(args []string) (*config.ControllerConfiguration, error) {
	kinds, _, err := scheme.NewSchemeAndCodecs()
	if err != nil {
		return nil, err
	}
	file := pflag.NewFlagSet("file", pflag.ContinueOnError)
	file.ParseErrorsAllowlist.UnknownFlags = true
	path := file.String("config", "", "file with the configuration")
	if err := file.Parse(args); err != nil {
		return nil, err
	}
	c := &config.ControllerConfiguration{}
	if *path == "" {
		versioned := &configv1alpha1.ControllerConfiguration{}
		kinds.Default(versioned)
		err = kinds.Convert(versioned, c, nil)
	} else {
		c, err = readConfiguration(*path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read configuration %q: %w", *path, err)
	}
	flags := pflag.NewFlagSet("controller", pflag.ContinueOnError)
	flags.String("config", "", "read already")
	flags.String("leader-election-namespace", "", "nothing is elected")
	flags.StringVar(&c.ClusterResourceNamespace, "cluster-resource-namespace", c.ClusterResourceNamespace, "")
	flags.StringVar(&c.ACMEHTTP01Config.SolverImage, "acme-http01-solver-image", c.ACMEHTTP01Config.SolverImage, "")
	flags.IntVar(&c.MaxConcurrentChallenges, "max-concurrent-challenges", c.MaxConcurrentChallenges, "")
	logf.AddFlags(&c.Logging, flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return c, logf.ValidateAndApply(&c.Logging)
}

func readConfiguration(path string) (*config.ControllerConfiguration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file := configfile.New()
	if err := file.DecodeAndConfigure(data); err != nil {
		return nil, err
	}
	return file.Config, nil
}

// contextOptions are what the controllers take from the configuration.
func contextOptions(c *config.ControllerConfiguration) (controller.ContextOptions, error) {
	solver := c.ACMEHTTP01Config
	var quantities []resource.Quantity
	for _, text := range []string{solver.SolverResourceRequestCPU, solver.SolverResourceRequestMemory, solver.SolverResourceLimitsCPU, solver.SolverResourceLimitsMemory} {
		quantity, err := resource.ParseQuantity(text)
		if err != nil {
			return controller.ContextOptions{}, fmt.Errorf("cannot read quantity %q: %w", text, err)
		}
		quantities = append(quantities, quantity)
	}
	return controller.ContextOptions{
		Kubeconfig:         c.KubeConfig,
		KubernetesAPIQPS:   c.KubernetesAPIQPS,
		KubernetesAPIBurst: c.KubernetesAPIBurst,
		Namespace:          c.Namespace,
		IssuerOptions: controller.IssuerOptions{
			ClusterResourceNamespace:        c.ClusterResourceNamespace,
			ClusterIssuerAmbientCredentials: c.ClusterIssuerAmbientCredentials,
			IssuerAmbientCredentials:        c.IssuerAmbientCredentials,
		},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 solver.SolverImage,
			HTTP01SolverResourceRequestCPU:    quantities[0],
			HTTP01SolverResourceRequestMemory: quantities[1],
			HTTP01SolverResourceLimitsCPU:     quantities[2],
			HTTP01SolverResourceLimitsMemory:  quantities[3],
			ACMEHTTP01SolverRunAsNonRoot:      solver.SolverRunAsNonRoot,
			HTTP01SolverRuntimeClassName:      solver.SolverRuntimeClassName,
			HTTP01SolverNameservers:           solver.SolverNameservers,
			HTTP01SolverExtraLabels:           solver.SolverExtraLabels,
			DNS01CheckAuthoritative:           !c.ACMEDNS01Config.RecursiveNameserversOnly,
			DNS01Nameservers:                  c.ACMEDNS01Config.RecursiveNameservers,
			DNS01CheckRetryPeriod:             c.ACMEDNS01Config.CheckRetryPeriod,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerName:                 c.IngressShimConfig.DefaultIssuerName,
			DefaultIssuerKind:                 c.IngressShimConfig.DefaultIssuerKind,
			DefaultIssuerGroup:                c.IngressShimConfig.DefaultIssuerGroup,
			DefaultAutoCertificateAnnotations: c.IngressShimConfig.DefaultAutoCertificateAnnotations,
			ExtraCertificateAnnotations:       c.IngressShimConfig.ExtraCertificateAnnotations,
			GatewayAPIExtraProtocols:          sets.New(c.GatewayAPIConfig.ExtraProtocols...),
		},
		CertificateOptions: controller.CertificateOptions{
			EnableOwnerRef:                           c.EnableCertificateOwnerRef,
			CopiedAnnotationPrefixes:                 c.CopiedAnnotationPrefixes,
			CertificateRequestMinimumBackoffDuration: c.CertificateRequestMinimumBackoffDuration,
			CertificateRequestMaximumBackoffDuration: c.CertificateRequestMaximumBackoffDuration,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: c.MaxConcurrentChallenges},
		ConfigOptions: controller.ConfigOptions{
			EnableGatewayAPI:            c.GatewayAPIConfig.Enabled,
			EnableGatewayAPIListenerSet: c.GatewayAPIConfig.EnableListenerSet,
		},
	}, nil
}
