package kills

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gatehouse-platform/gatehouse/test/e2e/charts"
	"github.com/gatehouse-platform/gatehouse/test/e2e/clusters"
	"github.com/gatehouse-platform/gatehouse/test/e2e/inventory"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/product"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// Environment variables that say what TestClusterSurvivesKills does.
const (
	// seedVariable gives other moments. The one of a run is in its output.
	seedVariable = "GATEHOUSE_SEED"
	// killsVariable is the number of moments: 20 are each of the processes that the
	// product is made of and the API server in each phase, the next 8 the same for the
	// controller-manager and etcd.
	killsVariable = "GATEHOUSE_KILLS"
)

// mortal is the Cluster whose makers are killed: smaller than that of package e2e, for what it
// shows is in every app. It has charts that wait for others, a real one, values laid
// over a chart because of another, Objects, and something of two apps.
const mortal = `
apiVersion: devopstoolkit.ai/v2
kind: Cluster
metadata: {name: door, namespace: %[1]s}
spec:
  crossplane:
    compositionSelector:
      matchLabels: {provider: existing, cluster: any}
  parameters:
    nodeSize: small
    namespaces: [team-a]
    existing:
      kubeconfigSecretRef: {name: plane, key: kubeconfig}
    apps:
      envoyGateway: {enabled: true}
      keda: {enabled: true}
      traefik: {enabled: true}
      certManager: {enabled: true, values: {startupapicheck: {enabled: false}}}
`

// killable are the processes, in the order in which moments are given to them.
func killable() []string {
	return []string{product.FunctionName, "crossplane", "provider-helm", "provider-kubernetes", "kube-apiserver", "kube-controller-manager", "etcd"}
}

// phaseLimit is when a phase counts as stuck. It takes seconds on an idle machine.
const phaseLimit = 5 * time.Minute

// killsPerLife is how many moments one life of a Cluster has at most.
const killsPerLife = 10

// moment is when a process is killed.
type moment struct {
	phase   int
	process string
	// at is the part of the time that the phase takes undisturbed, 0 to 1.
	at float64
	// down is how long the process stays away.
	down time.Duration
}

func (m moment) String() string {
	return fmt.Sprintf("%s at %.0f %% of %q, away for %s", m.process, m.at*100, phases()[m.phase].name, m.down.Round(time.Millisecond))
}

// phase is a part of the life of a Cluster.
type phase struct {
	name string
	do   func(ctx context.Context, t *testing.T, d door)
	// done says whether it has come to its end as far as people see.
	done func(ctx context.Context, d door) error
}

func phases() []phase {
	return []phase{
		{
			name: "coming up",
			do:   func(ctx context.Context, t *testing.T, d door) { d.apply(ctx, t) },
			done: func(ctx context.Context, d door) error {
				return d.Plane.WaitCondition(ctx, d.XR.DeepCopy(), "Synced", "Ready")
			},
		},
		{
			name: "a change of a version and of values",
			do: func(ctx context.Context, t *testing.T, d door) {
				d.Patch(ctx, t, `{"spec":{"parameters":{"apps":{"keda":{"version":"`+product.OtherKEDA+`"},"traefik":{"values":{"deployment":{"replicas":2}}}}}}}`)
			},
			done: func(ctx context.Context, d door) error {
				return d.Plane.Poll(ctx, "the other version", func(ctx context.Context) error {
					installed, err := clusters.StandIn(ctx, d.Plane, "keda", "keda")
					if got, want := installed.Annotations[charts.StandInAnnotation], "keda-"+product.OtherKEDA; err == nil && got != want {
						err = fmt.Errorf("%s is installed, want %s", got, want)
					}
					return err
				})
			},
		},
		{
			name: "the end of an app",
			do: func(ctx context.Context, t *testing.T, d door) {
				d.Patch(ctx, t, `{"spec":{"parameters":{"apps":{"keda":{"enabled":false}}}}}`)
			},
			done: func(ctx context.Context, d door) error {
				return d.Plane.WaitGone(ctx, plane.Reference("helm.m.crossplane.io/v1beta1", "Release", d.Namespace, "door-app-keda"))
			},
		},
		{
			name: "the end of the Cluster",
			do: func(ctx context.Context, t *testing.T, d door) {
				if err := d.Plane.Client().Delete(ctx, d.XR.DeepCopy()); err != nil {
					t.Fatal(err)
				}
			},
			done: func(ctx context.Context, d door) error { return d.Ended(ctx) },
		},
	}
}

// moments draws when which process is killed, in lives of the Cluster.
func moments(seed uint64, n int) [][]moment {
	chance := rand.New(rand.NewPCG(seed, 0))
	all := make([]moment, 0, n)
	for _, process := range killable() {
		for phase := range phases() {
			if len(all) < n {
				all = append(all, moment{phase: phase, process: process, at: chance.Float64(), down: time.Duration(chance.Int64N(int64(time.Second)))})
			}
		}
	}
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var lives [][]moment
	for life := range slices.Chunk(all, killsPerLife) {
		slices.SortFunc(life, func(a, b moment) int {
			return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.at, b.at))
		})
		lives = append(lives, life)
	}
	return lives
}

// TestMoments holds what the numbers say that docs and people give.
func TestMoments(t *testing.T) {
	type pair struct {
		phase   int
		process string
	}
	seen := map[pair]bool{}
	for _, life := range moments(1, 20) {
		for _, m := range life {
			seen[pair{m.phase, m.process}] = true
		}
	}
	for phase := range phases() {
		for _, process := range killable()[:5] {
			if !seen[pair{phase, process}] {
				t.Errorf("among 20 moments is none of %q in %q", process, phases()[phase].name)
			}
		}
	}
	if diff := gocmp.Diff(fmt.Sprint(moments(1, 28)), fmt.Sprint(moments(1, 28))); diff != "" {
		t.Errorf("a seed gives different moments:\n%s", diff)
	}
	if fmt.Sprint(moments(1, 20)) == fmt.Sprint(moments(2, 20)) {
		t.Error("two seeds give the same moments")
	}
}

// TestClusterSurvivesKills kills what a Cluster is made by at any moment of its life,
// and holds that everything comes to what it comes to undisturbed.
func TestClusterSurvivesKills(t *testing.T) {
	seed, kills := number(t, seedVariable, 1), number(t, killsVariable, 20)
	t.Logf("%s=%d %s=%d", seedVariable, seed, killsVariable, kills)
	_, p, _ := suite.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	reference := liveOnce(ctx, t, p, life{})
	for i, moments := range moments(seed, int(kills)) {
		liveOnce(ctx, t, p, life{number: i + 1, moments: moments, reference: reference})
	}
}

// number is what a variable says, or else what it says by default.
func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("cannot use %s=%q: %v", variable, text, err)
	}
	return n
}

// life is one life of a Cluster.
type life struct {
	number  int
	moments []moment
	// reference are the phases of the undisturbed life; none: this is it.
	reference []passed
}

// passed is a phase that is over.
type passed struct {
	took     time.Duration
	contents map[string]string
}

// liveOnce lets a Cluster live, and removes everything that it leaves.
func liveOnce(ctx context.Context, t *testing.T, p *plane.Plane, l life) []passed {
	t.Helper()
	_, _, namespace := suite.Start(t)
	d := door{clusters.New(t, p, namespace, "door")}
	before := d.Take(ctx, t)
	if err := p.WriteKubeconfigSecret(ctx, namespace, "plane", "kubeconfig"); err != nil {
		t.Fatal(err)
	}
	var out []passed
	for i, phase := range phases() {
		began := time.Now()
		phase.do(ctx, t, d)
		if l.reference != nil {
			l.kill(ctx, t, p, i, began)
		}
		over, cancel := context.WithTimeout(ctx, phaseLimit)
		defer cancel()
		if err := phase.done(over, d); err != nil {
			t.Fatalf("life %d, %s: %v", l.number, phase.name, err)
		}
		took := time.Since(began)
		contents, err := d.converge(over, before, l, i)
		if err != nil {
			t.Fatalf("life %d, %s: %v", l.number, phase.name, err)
		}
		t.Logf("life %d: %s in %s, converged after %s", l.number, phase.name, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		out = append(out, passed{took: took, contents: contents})
	}
	if err := d.Clean(ctx, before); err != nil {
		t.Fatal(err)
	}
	return out
}

// kill kills and restarts what this life loses in a phase, each at its moment or, when
// the one before is not back by then, after it.
func (l life) kill(ctx context.Context, t *testing.T, p *plane.Plane, phase int, began time.Time) {
	t.Helper()
	for _, m := range l.moments {
		if m.phase != phase {
			continue
		}
		at := began.Add(time.Duration(m.at * float64(l.reference[phase].took)))
		time.Sleep(time.Until(at))
		if err := p.Kill(m.process); err != nil {
			t.Fatal(err)
		}
		time.Sleep(m.down)
		if err := p.Restart(ctx, m.process); err != nil {
			t.Fatal(err)
		}
		t.Logf("life %d: killed %s", l.number, m)
	}
}

// converge waits until everything in the cluster is as in the undisturbed life. In
// that one it waits until nothing changes any more.
func (d door) converge(ctx context.Context, before inventory.Inventory, l life, phase int) (map[string]string, error) {
	var last map[string]string
	var differs error // kept: the last look may be cut short
	err := d.Plane.Poll(ctx, "the state of the undisturbed life", func(ctx context.Context) error {
		all, err := d.Everything.Take(ctx)
		if err != nil {
			return err
		}
		want := last
		last = d.contents(before, all)
		if l.reference != nil {
			want = l.reference[phase].contents
		} else if err := settled(last); err != nil {
			return err
		}
		differs = nil
		if diff := gocmp.Diff(want, last); diff != "" {
			differs = errors.New("(-undisturbed +killed):\n" + diff)
		}
		return differs
	})
	if err != nil {
		return nil, errors.Join(err, differs)
	}
	return last, nil
}

// settled tells whether the undisturbed life may be over with a phase: nothing is on
// its way out. The next look is to be one at another time.
func settled(contents map[string]string) error {
	time.Sleep(2 * time.Second)
	for id, content := range contents {
		if strings.Contains(content, `"deleting":true`) {
			return fmt.Errorf("%q is being deleted", id)
		}
	}
	return nil
}

// contents are those of what is new or changed since an inventory, with the Cluster's
// namespace as "home", and Helm's records of a release as one: the state of the newest,
// and of all that were left in the middle of something.
func (d door) contents(before, all inventory.Inventory) map[string]string {
	out, newest := map[string]string{}, map[string]int{}
	for id := range all.Changes(before) {
		content := all[id].Content // none: it is gone
		name, isRecord := strings.CutPrefix(id[strings.Index(id, "/")+1:], "sh.helm.release.v1.")
		if !isRecord {
			id = strings.ReplaceAll(id, d.Namespace, "home")
			out[id] = strings.ReplaceAll(content, d.Namespace, "home")
			continue
		}
		release, revision, _ := strings.Cut(name, ".v")
		status := all[id].Labels["status"]
		number, _ := strconv.Atoi(revision)
		record := "Helm's record of " + release
		if number > newest[release] {
			newest[release] = number
			out[record] = status
		}
		if strings.HasPrefix(status, "pending-") {
			out[record+" "+revision] = status
		}
	}
	return out
}
