package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
	"github.com/gatehouse-platform/gatehouse/test/e2e/doctor"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// TestLive applies broken clusters to a real one, side by side. In each of them the same
// is found as in its files; nothing contradicts what the controller has written; the fixes
// that are printed, run with kubectl, silence what they mend; and requests get through
// that did not before.
func TestLive(t *testing.T) {
	ctx, p, _ := suite.Start(t)
	b := newBackend(ctx, t, p)
	l := newLive(t, p)
	l.client = b.client(p)
	for name, s := range scenarios() {
		l.all = append(l.all, settle(t, name, s, ofTraefik(b)))
	}
	l.examine(ctx, t, func() {
		broken, err := l.Look(ctx)
		if err != nil || broken.Code != 1 {
			t.Errorf("want exit code 1 as there are errors, got %d %v", broken.Code, err)
		}
	})
	l.clean(ctx, t)
}

// live is a cluster with scenarios.
type live struct {
	doctor.Looker

	// client asks the gateway; nil where nothing carries traffic.
	client *http.Client
	// beside are checks that find something at every Gateway, whatever its scenario is about.
	beside []string
	dir    string
	all    []*settled
	// failed says why a scenario has, by name. Steps behind that are left out.
	failed map[string]error
}

func newLive(t *testing.T, p *plane.Plane) *live {
	t.Helper()
	return &live{Looker: doctor.Looker{Plane: p}, dir: t.TempDir(), failed: map[string]error{}}
}

// examine takes all scenarios through their life, and calls broken while nothing is mended
// yet.
func (l *live) examine(ctx context.Context, t *testing.T, broken func()) {
	t.Helper()
	begun := time.Now()
	took := func(what string) { t.Logf("%5.1f s: %s", time.Since(begun).Seconds(), what) }
	l.each(ctx, l.apply)
	took("everything is applied")
	l.each(ctx, l.sameAsFiles)
	took("the same is found as in the files")
	if err := l.sameAsDumped(ctx); err != nil {
		t.Error(err)
	}
	took("the same is found in what kubectl would write of it")
	l.each(ctx, l.shut)
	broken()
	l.each(ctx, l.mend)
	took("the fixes are applied")
	l.each(ctx, l.silent)
	took("nothing is found, and requests get through")
	for _, s := range l.all {
		t.Run(s.name, func(t *testing.T) {
			if err := l.failed[s.name]; err != nil {
				t.Errorf("%s: %v", s.reason, err)
			}
		})
	}
}

// each does a step for all scenarios that have not failed, several at a time.
func (l *live) each(ctx context.Context, step func(context.Context, *settled) error) {
	errs := make([]error, len(l.all))
	var all errgroup.Group
	all.SetLimit(8)
	for i, s := range l.all {
		if l.failed[s.name] == nil {
			all.Go(func() error {
				errs[i] = step(ctx, s)
				return nil
			})
		}
	}
	_ = all.Wait()
	for i, s := range l.all {
		if errs[i] != nil {
			l.failed[s.name] = errs[i]
		}
	}
}

func (l *live) apply(ctx context.Context, s *settled) error {
	for _, home := range s.homes() {
		if err := l.Plane.Apply(ctx, plane.Reference("v1", "Namespace", "", home)); err != nil {
			return err
		}
	}
	if err := l.Plane.Apply(ctx, s.live...); err != nil || s.undo == nil {
		return err
	}
	return s.undo(ctx, l.Plane, s)
}

// sameAsFiles waits until what is found in the cluster is what is found in the files: the
// controller takes its time.
func (l *live) sameAsFiles(ctx context.Context, s *settled) error {
	file := filepath.Join(l.dir, s.name+".json")
	if err := writeList(file, s.written); err != nil {
		return err
	}
	inFiles, err := doctor.Run(ctx, l.Plane, "-f", file)
	if err != nil {
		return err
	}
	var want []string
	for _, f := range inFiles.Findings {
		if !slices.Contains(s.believed, f.Check) && !l.isBeside(s, f) {
			want = append(want, doctor.Line(f))
		}
	}
	if len(inFiles.Findings) == 0 {
		return errors.New("nothing is found in the files")
	}
	slices.Sort(want)
	return doctor.Eventually(ctx, l.Plane, func(ctx context.Context) error {
		found, err := l.Look(ctx)
		if err != nil {
			return err
		}
		var got []string
		for _, f := range s.of(found) {
			if !l.isBeside(s, f) {
				got = append(got, doctor.Line(f))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("-files +cluster:\n%s", diff)
		}
		return l.contradicted(ctx, s, found)
	})
}

// isBeside says that a finding is about what is wrong in a cluster whatever the files say.
func (l *live) isBeside(s *settled, f diagnose.Finding) bool {
	return f.Check != s.check() && (slices.Contains(l.beside, f.Check) || slices.Contains(s.beside, f.Check))
}

// of are the findings of a report that belong to the scenario.
func (s *settled) of(o doctor.Outcome) []diagnose.Finding {
	return slices.DeleteFunc(slices.Clone(o.Findings), func(f diagnose.Finding) bool { return !s.has(f.Object.Namespace, f.Object.Name) })
}

// sameAsDumped compares with the findings in files that kubectl would write of the same
// cluster: two ways of reading, one result.
func (l *live) sameAsDumped(ctx context.Context) error {
	dump := filepath.Join(l.dir, "dump.json")
	return doctor.Eventually(ctx, l.Plane, func(ctx context.Context) error {
		var objects []*unstructured.Unstructured
		for _, kind := range append(topology.Kinds(), schema.GroupVersionKind{Version: "v1", Kind: "Secret"}) {
			list, err := l.list(ctx, kind)
			if err != nil {
				return err
			}
			objects = append(objects, list...)
		}
		if err := writeList(dump, objects); err != nil {
			return err
		}
		inCluster, err := l.Look(ctx)
		if err != nil {
			return err
		}
		inFiles, err := doctor.Run(ctx, l.Plane, "-f", dump)
		if err != nil {
			return err
		}
		for i := range inFiles.Findings {
			// In a cluster only TLS Secrets are read: of the others it is known that they are there.
			f := &inFiles.Findings[i]
			f.Problem = strings.Replace(f.Problem, "is of type Opaque;", "is of another type;", 1)
		}
		for _, s := range l.all {
			if diff := cmp.Diff(s.of(inCluster), s.of(inFiles)); diff != "" {
				return fmt.Errorf("%s: -cluster +dumped:\n%s", s.name, diff)
			}
		}
		return nil
	})
}

// list returns all objects of a kind; none if it is not served.
func (l *live) list(ctx context.Context, kind schema.GroupVersionKind) ([]*unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := l.Plane.Client().List(ctx, list)
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, nil
}

// shut looks that no request gets through yet on the ways that are to be opened.
func (l *live) shut(ctx context.Context, s *settled) error {
	for _, way := range s.ways {
		if passes(ctx, l.client, own(way, s.name)) == nil {
			return fmt.Errorf("%s is answered before anything is mended: this shows nothing", way)
		}
	}
	return l.pass(ctx, s.open, s)
}

func (l *live) pass(ctx context.Context, ways []string, s *settled) error {
	for _, way := range ways {
		if err := doctor.Eventually(ctx, l.Plane, func(ctx context.Context) error { return passes(ctx, l.client, own(way, s.name)) }); err != nil {
			return err
		}
	}
	return nil
}

// mend runs the fixes of what the scenario is about.
func (l *live) mend(ctx context.Context, s *settled) error {
	found, err := l.Look(ctx)
	if err != nil {
		return err
	}
	for _, f := range s.of(found) {
		if f.Check != s.check() {
			continue
		}
		if err := doctor.Do(ctx, l.Plane, f); err != nil {
			return err
		}
	}
	return nil
}

// check is the one that the scenario is about.
func (s *settled) check() string { return s.scenario.of }

// silent waits until the check of the scenario finds nothing that can be mended, nothing
// else has come instead, and requests get through.
func (l *live) silent(ctx context.Context, s *settled) error {
	err := doctor.Eventually(ctx, l.Plane, func(ctx context.Context) error {
		found, err := l.Look(ctx)
		if err != nil {
			return err
		}
		for _, f := range s.of(found) {
			byHand := f.Check == s.check() && len(f.Fix.Actions) == 0
			if !byHand && !slices.Contains(s.stays, f.Check) && !l.isBeside(s, f) {
				return fmt.Errorf("it finds %s: %s", doctor.Line(f), f.Problem)
			}
		}
		return l.contradicted(ctx, s, found)
	})
	return errors.Join(err, l.pass(ctx, slices.Concat(s.ways, s.open), s))
}

// clean takes everything away, and sees that nothing is wrong any more.
func (l *live) clean(ctx context.Context, t *testing.T) {
	t.Helper()
	var all errgroup.Group
	for _, s := range l.all {
		all.Go(func() error {
			for _, o := range s.live {
				kind := o.GetKind()
				if !strings.HasSuffix(kind, "Route") && kind != "Gateway" && kind != "Ingress" && (kind != "GatewayClass" || o.GetName() == plane.GatewayClass) {
					continue
				}
				if err := l.Plane.Client().Delete(ctx, o); err != nil && !apierrors.IsNotFound(err) {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	healthy, err := l.Look(ctx)
	if err != nil || healthy.Code != 0 || healthy.Summary.Errors != 0 {
		t.Errorf("want exit code 0 without errors, got %d %v: %v", healthy.Code, err, healthy.Findings)
	}
}
