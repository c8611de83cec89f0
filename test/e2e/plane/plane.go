// Package plane runs a real Kubernetes control plane with Crossplane and its
// providers on this machine, without containers: every component is built from
// its Go module and runs as an ordinary process on loopback.
//
// It needs Linux and, for the first build, a Go module proxy. Only a node needs root.
// Others need user namespaces, as one provider gets a network of its own: see isolate.
package plane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/gatehouse-platform/gatehouse/test/e2e/modules"
)

// Environment variables that change how a plane runs.
const (
	// CacheVariable is the folder that keeps built components between runs.
	CacheVariable = "GATEHOUSE_CACHE"
	// KeepVariable, when not empty, keeps the run directory with its logs.
	KeepVariable = "GATEHOUSE_KEEP"
	// MarkVariable is in the environment of every process of a plane, with the
	// plane's run directory as its value. It is how to find what is left.
	MarkVariable = "GATEHOUSE_PLANE"
)

// Options say what a plane consists of. The zero value starts every component.
type Options struct {
	// Components names what to start; what those need is added. None: all.
	Components []string
	// Charts writes packaged charts (*.tgz) into a folder of the run directory.
	// They are served from ChartRepository, and to provider-helm from every
	// address outside too. Nil: there are no charts.
	Charts func(ctx context.Context, dir string) error
	// Keep leaves the run directory in place, as KeepVariable does.
	Keep bool
	// Signals says that the caller ends the plane on signals itself.
	Signals bool
	// Progress takes lines about whatever lasts over a second. Nil: stderr.
	Progress io.Writer
}

// Plane is a running control plane.
type Plane struct {
	dir      string
	progress *progress
	builder  *builder
	janitor  *janitor
	pki      *authority // signs everything within one plane

	kubernetes controlPlane
	outside    *outside
	network    *nodeNetwork // of the node, if there is to be one

	cancel  context.CancelCauseFunc // ends what Start has under way
	started chan struct{}           // closed once Start has nothing under way

	attached string // the kubeconfig of a cluster that others run

	mu        sync.Mutex
	registry  string            // where images are, once there is a node
	programs  map[string]string // what was built, by the component's name
	processes []*process
	closers   []func() error
	closed    bool
}

// controlPlane is where the control plane is and how to talk to it.
type controlPlane struct {
	ports  controlPlanePorts
	config *rest.Config
	client client.Client
}

// errClosed is why things fail after Close.
var errClosed = errors.New("the plane is closed")

// Start builds what is missing and starts the plane. When it returns without an
// error, everything in it is ready and the caller must call Close.
//
// Until Close the plane also ends on SIGINT and SIGTERM, which then end this
// program as they would have, unless the caller sees to them. If this program dies without a chance to do
// anything, the kernel ends the processes and a janitor removes the files.
func Start(ctx context.Context, options Options) (*Plane, error) {
	// Without a logger controller-runtime complains into the progress after a while.
	log.SetLogger(logr.Discard())
	chosen, err := selectComponents(components(), options.Components)
	if err != nil {
		return nil, err
	}
	p, err := prepare(options)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare the plane: %w", err)
	}
	ctx, p.cancel = context.WithCancelCause(ctx)
	if !options.Signals {
		p.endOnSignal()
	}
	err = p.startAll(ctx, options, chosen)
	close(p.started)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the plane: %w", err), p.Close())
	}
	return p, nil
}

// Attach gives a cluster that others run, by its kubeconfig, what a plane has for clients:
// to apply, to look, to wait. It starts nothing, and Close ends nothing.
func Attach(kubeconfig string) (*Plane, error) {
	log.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cannot read the kubeconfig %q: %w", kubeconfig, err)
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("cannot make a client for %q: %w", config.Host, err)
	}
	return &Plane{attached: kubeconfig, kubernetes: controlPlane{config: config, client: c}}, nil
}

// prepare makes the run directory and everything that needs no process.
func prepare(options Options) (*Plane, error) {
	root, err := modules.Root()
	if err != nil {
		return nil, err
	}
	out := options.Progress
	if out == nil {
		out = os.Stderr
	}
	pki, err := newAuthority("gatehouse-plane")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", runPrefix)
	if err != nil {
		return nil, fmt.Errorf("cannot make the run directory: %w", err)
	}
	p := &Plane{dir: dir, pki: pki, progress: &progress{out: out}, started: make(chan struct{})}
	p.builder = newBuilder(root, filepath.Join(dir, "tmp"), p.progress)
	for _, sub := range []string{"log", "tmp", "home"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot make the run directory: %w", err), os.RemoveAll(dir))
		}
	}
	keep := options.Keep || os.Getenv(KeepVariable) != ""
	if keep {
		p.progress.printf("logs are kept in %s", filepath.Join(dir, "log"))
	}
	if p.janitor, err = hireJanitor(dir, keep); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

// startAll starts what the components need from the harness, then them.
func (p *Plane) startAll(ctx context.Context, options Options, chosen []component) error {
	ports, err := p.freePorts(4)
	if err != nil {
		return err
	}
	p.kubernetes.ports = controlPlanePorts{etcdClient: ports[0], etcdPeer: ports[1], api: ports[2], manager: ports[3]}
	if p.network, err = newNodeNetwork(); err != nil {
		return err
	}
	p.onClose(p.network.taken.Close)
	if err := p.writeKubeconfigs(); err != nil {
		return err
	}
	if err := p.openOutside(ctx, options.Charts); err != nil {
		return err
	}
	return p.startComponents(ctx, chosen)
}

// Close ends every process of the plane, newest first, and removes its files
// unless they are to be kept. Calling it again does nothing.
func (p *Plane) Close() error {
	p.mu.Lock()
	if p.closed || p.attached != "" {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	processes, closers := slices.Clone(p.processes), slices.Clone(p.closers)
	p.mu.Unlock()

	// A compiler at work must not outlive the plane it works for.
	p.cancel(errClosed)
	<-p.started
	slices.Reverse(processes)
	slices.Reverse(closers)
	errs := []error{stopProcesses(processes)}
	for _, c := range closers {
		errs = append(errs, c())
	}
	return errors.Join(append(errs, p.janitor.dismiss())...)
}

// onClose has f called by Close, after the processes have ended. When the plane
// is closed already, f runs at once.
func (p *Plane) onClose(f func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = f()
		return
	}
	p.closers = append(p.closers, f)
}

// run starts a process of the plane: with a small environment of its own plus
// env, in the run directory, its output in the log of that name.
func (p *Plane) run(cmd command) (*process, error) {
	cmd.env = append(p.environment(), cmd.env...)
	cmd.dir = p.dir
	cmd.log = p.LogFile(cmd.name)
	if cmd.isolated() {
		if cmd.reachProgram = p.program(reachName); cmd.reachProgram == "" {
			return nil, fmt.Errorf("cannot start %q: it gets namespaces of its own, so its component has to need %q", cmd.name, reachName)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("cannot start %q: %w", cmd.name, errClosed)
	}
	proc, err := startProcess(cmd)
	if err != nil {
		return nil, err
	}
	p.processes = append(p.processes, proc)
	return proc, nil
}

// release takes a process out of the plane: its end is no failure any more, and who
// released it has to end it.
func (p *Plane) release(name string) (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.processes, func(proc *process) bool { return proc.name == name })
	if p.closed || at < 0 {
		return nil, fmt.Errorf("cannot restart %q: it does not run", name)
	}
	proc := p.processes[at]
	p.processes = slices.Delete(p.processes, at, at+1)
	return proc, nil
}

// environment is what every component sees. Home and temporary folder are in
// the run directory, so whatever a component caches goes with it. How much memory may wait
// to be collected is for the caller to say; empty is as if it were not set.
func (p *Plane) environment() []string {
	return []string{
		"GOGC=" + os.Getenv("GOGC"),
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + filepath.Join(p.dir, "home"),
		"TMPDIR=" + filepath.Join(p.dir, "tmp"),
		"KUBECONFIG=" + p.Kubeconfig(),
		MarkVariable + "=" + p.dir,
	}
}

// LogFile is where the named component writes what it prints. Names are those
// of the components and of the functions that were added.
func (p *Plane) LogFile(component string) string {
	return filepath.Join(p.dir, "log", component+".log")
}

// A Part is a process of a plane.
type Part struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Log  string `json:"log"` // the file that takes its output
}

// Parts are the processes that have to run as long as the plane does, in the order in
// which they were started.
func (p *Plane) Parts() []Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []Part
	for _, proc := range p.processes {
		if !proc.mayEnd {
			parts = append(parts, Part{Name: proc.name, PID: proc.pid, Log: proc.log})
		}
	}
	return parts
}

// Dir is the run directory. It is gone after Close, unless it is to be kept.
func (p *Plane) Dir() string { return p.dir }

// Kubeconfig is the path of a kubeconfig file with full rights.
func (p *Plane) Kubeconfig() string {
	if p.attached != "" {
		return p.attached
	}
	return filepath.Join(p.dir, "kubeconfig")
}

// Config is for clients with full rights other than Client.
func (p *Plane) Config() *rest.Config { return rest.CopyConfig(p.kubernetes.config) }

// Client has full rights. Use it with unstructured objects, or built-in types.
func (p *Plane) Client() client.Client { return p.kubernetes.client }
