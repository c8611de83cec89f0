package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gatehouse-platform/gatehouse/catalog"
	"github.com/gatehouse-platform/gatehouse/internal/compose"
	"github.com/gatehouse-platform/gatehouse/internal/helm"
	"github.com/gatehouse-platform/gatehouse/internal/install"
	"github.com/gatehouse-platform/gatehouse/internal/kube"
	"github.com/gatehouse-platform/gatehouse/internal/render"
	"github.com/gatehouse-platform/gatehouse/internal/version"
)

// target are the flags of commands on a cluster.
type target struct {
	File       string        `arg:"" help:"File or folder with one Cluster; - for standard input." name:"file"`
	Kubeconfig string        `help:"Kubeconfig; without it the files of KUBECONFIG, else ~/.kube/config." placeholder:"FILE"`
	Context    string        `help:"Context of the kubeconfig; without it the current one." placeholder:"NAME"`
	Timeout    time.Duration `default:"10m" help:"How long one step may take until what it made is ready."`
}

// Calls of a second, of which an installation makes many at once.
const installQPS = 200

// session is a command at work on a cluster.
type session struct {
	client    *kube.Client
	installer *install.Installer
	document  render.Document
	progress  *progress
}

// chartSource says where charts are taken from, instead of what the Cluster says.
type chartSource struct {
	folder    string
	plainHTTP bool
}

func (t target) open(s streams, from chartSource, o install.Options) (*session, error) {
	documents, err := readAll(s, []string{t.File})
	if err != nil {
		return nil, err
	}
	document, err := onlyCluster(documents)
	if err != nil {
		return nil, err
	}
	all, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	out := &session{document: document, progress: newProgress(s.Err)}
	o.Timeout, o.LocalCharts = t.Timeout, from.folder != ""
	config := install.Config{Planner: compose.NewPlanner(all), Object: document.Object, Report: out.progress.take, Options: o}
	// What is wrong with the Cluster is said without a cluster.
	if _, err := install.New(config); err != nil {
		return nil, fmt.Errorf("%s: %w", document, err)
	}
	out.client, err = kube.Connect(kube.Config{Kubeconfig: t.Kubeconfig, Context: t.Context, UserAgent: "gatehouse/" + version.Version, QPS: installQPS})
	if err != nil {
		return nil, err
	}
	config.Target = live{out.client}
	config.Charts = helm.New(out.client, helm.Options{Folder: from.folder, PlainHTTP: from.plainHTTP, Timeout: t.Timeout})
	out.installer, err = install.New(config)
	return out, err
}

// onlyCluster of the documents: two would be installed over each other.
func onlyCluster(documents []render.Document) (render.Document, error) {
	var out []render.Document
	for _, d := range documents {
		if d.IsCluster() {
			out = append(out, d)
		}
	}
	switch len(out) {
	case 0:
		return render.Document{}, render.ErrNoCluster
	case 1:
		render.InDefaultNamespace(out[0].Object)
		return out[0], nil
	default:
		return render.Document{}, fmt.Errorf("cannot tell which of %d Clusters is meant, %s or %s: %w", len(out), out[0], out[1], render.ErrInput)
	}
}

// name of the Cluster for people, and of where it is.
func (s *session) title() string {
	meta, _ := s.document.Object["metadata"].(map[string]any)
	return fmt.Sprintf("Cluster %v/%v on %s", meta["namespace"], meta["name"], s.client.Host())
}

// locked runs do while nobody else works on the cluster with gatehouse. Ctrl-C ends it in
// an orderly way.
func (s *session) locked(do func(context.Context) error) error {
	ctx, stop := interruptible()
	defer stop()
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	lock := kube.LockOptions{
		Namespace: install.RecordNamespace, Name: "gatehouse",
		Holder: fmt.Sprintf("gatehouse %s pid %d", host, os.Getpid()),
		Waits:  func(holder string) { s.progress.say("waiting for " + holder + ", which works on this cluster") },
	}
	s.progress.begin(s.title())
	defer s.progress.end()
	return s.client.Lock(ctx, lock, do)
}

// interruptible returns a context that Ctrl-C ends. The second time it ends the program.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// live is the cluster as package install asks for it.
type live struct{ *kube.Client }

func (l live) Apply(ctx context.Context, obj *unstructured.Unstructured, o install.ApplyOptions) (*unstructured.Unstructured, error) {
	return l.Client.Apply(ctx, obj, kube.ApplyOptions{Owner: install.FieldManager, DryRun: o.DryRun, Force: o.Force})
}

// isFound tells what people have to settle from what could not run.
func isFound(err error) bool {
	return !errors.Is(err, kube.ErrLockLost) && install.IsFound(err)
}
