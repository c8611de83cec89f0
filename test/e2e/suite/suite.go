// Package suite gives the tests of a package one plane between them. In the package:
//
//	func TestMain(m *testing.M) {
//		suite.Main(m, suite.Options{Tier: suite.Plane, Components: []string{"crossplane"}})
//	}
//
// and in each test that needs the plane:
//
//	ctx, p, namespace := suite.Start(t)
//
// The plane starts with the first test that asks for it, so that those that do not
// need one run without.
package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// What the tests of a package need of the machine. Who is not root skips those of tier
// Node; with CI=true they fail, as nothing is left out there.
const (
	Plane = plane.TierPlane
	Node  = plane.TierNode
)

// patience is how long a test may take when its package says nothing else.
const patience = 3 * time.Minute

// Options say what the tests of a package need.
type Options struct {
	// Tier has to fit the components: those of tier Plane do not bring a node.
	Tier plane.Tier
	// Components and Charts are those of [plane.Options].
	Components []string
	Charts     func(ctx context.Context, dir string) error
	// Prepare does once what all tests need of the plane. Nil: nothing.
	Prepare func(ctx context.Context, p *plane.Plane) error
	// Patience is when the context of a test ends. 0: 3 minutes.
	Patience time.Duration
}

// state is what the tests of a program share.
type state struct {
	options Options
	start   sync.Once
	skip    string // why there need not be a plane here
	plane   *plane.Plane
	err     error // why there is none
}

// shared is the one state of this program, as there is one TestMain.
var shared state

// Main runs the tests, ends the plane and then the program. TestMain calls it, once.
func Main(m *testing.M, options Options) {
	shared.options = options
	code := m.Run()
	if shared.plane != nil {
		if err := shared.plane.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// Start returns a context that ends before the test program is killed, the plane of the
// package, and a namespace of the test's own that admits only pods of the Pod Security
// standard "restricted". Where there is no plane the test fails with the reason, which
// names the component, or is skipped: see [Node].
func Start(t *testing.T) (context.Context, *plane.Plane, string) {
	t.Helper()
	shared.start.Do(func() { shared.run(context.Background()) })
	if shared.skip != "" {
		t.Skip(shared.skip)
	}
	if shared.err != nil {
		t.Fatalf("there is no plane: %v", shared.err)
	}
	limit := shared.options.Patience
	if limit == 0 {
		limit = patience
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := shared.plane.Client().Create(ctx, namespace); err != nil {
		t.Fatalf("cannot make a namespace: %v", err)
	}
	return ctx, shared.plane, namespace.Name
}

// run starts the plane and prepares it.
func (s *state) run(ctx context.Context) {
	here := machine{root: os.Geteuid() == 0, ci: os.Getenv("CI") == "true"}
	if s.skip, s.err = s.options.check(here); s.skip != "" || s.err != nil {
		return
	}
	s.plane, s.err = plane.Start(ctx, plane.Options{Components: s.options.Components, Charts: s.options.Charts})
	if s.err == nil && s.options.Prepare != nil {
		s.err = s.options.Prepare(ctx, s.plane)
	}
}

// machine is what decides which tiers there are.
type machine struct{ root, ci bool }

// check returns why the tests are skipped here, or why they cannot run anywhere.
func (o Options) check(here machine) (skip string, err error) {
	needed, err := plane.TierOf(o.Components)
	switch {
	case err != nil:
		return "", err
	case o.Tier != Plane && o.Tier != Node:
		return "", fmt.Errorf("cannot run tests of tier %q: it is %q or %q", o.Tier, Plane, Node)
	case needed == Node && o.Tier == Plane:
		return "", fmt.Errorf("cannot run components %q in tier %q: among what they need is a node", o.Components, Plane)
	case o.Tier == Plane || here.root:
		return "", nil
	case here.ci:
		return "", errors.New("cannot run tests of tier \"node\": a node needs root, and with CI=true nothing is left out")
	default:
		return "tier \"node\" needs root", nil
	}
}
