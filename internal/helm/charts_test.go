package helm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"

	"github.com/gatehouse-platform/gatehouse/internal/install"
)

// unpacked writes a chart as a folder.
func unpacked(t *testing.T, dir, name, version string) {
	t.Helper()
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	chart := "apiVersion: v2\nname: keda\nversion: " + version + "\n"
	if err := os.WriteFile(filepath.Join(folder, "Chart.yaml"), []byte(chart), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestChartsOfAFolder(t *testing.T) {
	cases := map[string]struct {
		reason string
		folder string
		chart  install.Chart
		want   string
	}{
		"Unpacked":     {"a chart under its name", "keda", install.Chart{Name: "keda", Version: "1.0.0"}, ""},
		"ByAddress":    {"an address says no version", "keda", install.Chart{Name: "keda", URL: "https://example.org/keda-v1.tgz"}, ""},
		"Missing":      {"both names are said", "other", install.Chart{Name: "keda", Version: "1.0.0"}, `cannot find keda-1.0.0.tgz or keda in folder`},
		"OtherVersion": {"what is asked for and what is there", "keda", install.Chart{Name: "keda", Version: "2.0.0"}, "it is version 1.0.0, and 2.0.0 is asked for"},
		"OtherChart":   {"a folder that holds another chart than it is named after", "traefik", install.Chart{Name: "traefik", Version: "1.0.0"}, "it is another chart"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unpacked(t, dir, tc.folder, "1.0.0")
			version, err := New(nil, Options{Folder: dir}).Version(t.Context(), tc.chart)
			if tc.want == "" && (err != nil || version != "1.0.0") {
				t.Errorf("%s: %s %v", tc.reason, version, err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%s: want %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

func TestParse(t *testing.T) {
	objects, err := parse(strings.NewReader(`---
# Source: a comment only
---
kind: ConfigMap
apiVersion: v1
metadata: {name: a}
---
kind: List
apiVersion: v1
items:
- {kind: Secret, apiVersion: v1, metadata: {name: b}}
- {kind: Secret, apiVersion: v1, metadata: {name: c}}
`))
	if err != nil || len(objects) != 3 || objects[2].GetName() != "c" {
		t.Errorf("want a, b and c, got %v %v", objects, err)
	}
	if _, err := parse(strings.NewReader("a: [")); err == nil {
		t.Error("what is no YAML was read")
	}
}

// history in memory, with a release of the given statuses.
func stored(t *testing.T, statuses ...common.Status) *action.Configuration {
	t.Helper()
	config := &action.Configuration{Releases: storage.Init(driver.NewMemory())}
	for n, status := range statuses {
		r := &releasev1.Release{Name: "keda", Namespace: "default", Version: n + 1, Info: &releasev1.Info{Status: status}}
		if err := config.Releases.Create(r); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

func TestHistory(t *testing.T) {
	cases := map[string]struct {
		reason   string
		statuses []common.Status
		ever     bool
		after    common.Status
	}{
		"Deployed":      {"it runs, and came through before it could be interrupted", []common.Status{common.StatusDeployed}, true, common.StatusDeployed},
		"FirstPending":  {"nothing of it ran", []common.Status{common.StatusPendingInstall}, false, common.StatusFailed},
		"FailedTwice":   {"nor here", []common.Status{common.StatusFailed, common.StatusFailed}, false, common.StatusFailed},
		"UpgradeKilled": {"the first one ran", []common.Status{common.StatusSuperseded, common.StatusPendingUpgrade}, true, common.StatusFailed},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			config := stored(t, tc.statuses...)
			all, err := history(config, "keda")
			if err != nil || len(all) != len(tc.statuses) || all[0].Version != 1 || everDeployed(all) != tc.ever {
				t.Errorf("%s: %v %v", tc.reason, all, err)
			}
			if err := fail(config, "keda"); err != nil {
				t.Fatal(err)
			}
			if last, err := config.Releases.Last("keda"); err != nil || last.(*releasev1.Release).Info.Status != tc.after {
				t.Errorf("want the newest revision %s, got %v %v", tc.after, last, err)
			}
			if err := forget(config, "keda"); err != nil {
				t.Fatal(err)
			}
			if all, err := history(config, "keda"); err != nil || len(all) != 0 {
				t.Errorf("want it forgotten, got %v %v", all, err)
			}
		})
	}
}
