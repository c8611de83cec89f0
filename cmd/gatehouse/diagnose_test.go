package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
)

func TestDiagnose(t *testing.T) {
	const broken = "../../internal/diagnose/testdata/"
	cases := map[string]struct {
		reason         string
		args           []string
		stdin          string
		code           int
		stdout, stderr string
	}{
		"Errors":       {"Errors are 1", []string{"-f", broken + "backend-port/broken"}, "", 1, "ERROR backend-port", ""},
		"Warnings":     {"Warnings are no errors", []string{"-f", broken + "timeout-ignored/broken"}, "", 0, "WARNING timeout-ignored", ""},
		"Nothing":      {"Nothing is fine", []string{"-f", examples + "valid"}, "", 0, "Nothing is wrong.", ""},
		"Several":      {"Files are one cluster", []string{"-f", broken + "backend-port/broken/cluster.yaml", "-f", broken + "release-loop"}, "", 1, "2 errors.", ""},
		"Stdin":        {"A dash is standard input", []string{"-f", "-"}, "{apiVersion: v1, kind: Namespace, metadata: {name: a}}", 0, "Nothing is wrong.", ""},
		"Namespace":    {"Other namespaces are left out", []string{"-f", broken + "backend-port/broken", "--namespace", "infra"}, "", 0, "Nothing is wrong.", ""},
		"JSON":         {"Programs get a version", []string{"-f", broken + "backend-port", "-o", "json"}, "", 1, `"apiVersion": "diagnose.devopstoolkit.ai/v1"`, ""},
		"Missing":      {"What cannot be read is 2", []string{"-f", "no-such-folder"}, "", 2, "", `cannot read "no-such-folder"`},
		"NoYAML":       {"A template is no manifest", []string{"-f", "-"}, "a: {{ .Values.b }}", 2, "", `cannot read "standard input"`},
		"Empty":        {"A folder without manifests is a mistake", []string{"-f", t.TempDir()}, "", 2, "", "cannot find"},
		"WatchStdin":   {"Standard input cannot be read again", []string{"-f", "-", "--watch"}, "", 2, "", "--watch"},
		"NoKubeconfig": {"Without a cluster it cannot run", []string{"--kubeconfig", "/nowhere"}, "", 2, "", "/nowhere"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := gatehouse(tc.stdin, append([]string{"diagnose"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("%s: want exit code %d, %q and %q, got %d:\n%s%s", tc.reason, tc.code, tc.stdout, tc.stderr, code, stdout, stderr)
			}
		})
	}
}

// A change is shown once, what cannot be read for a while is said and waited for.
func TestDiagnoseWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	report := func(errors int) diagnose.Report {
		return diagnose.Report{APIVersion: diagnose.APIVersion, Summary: diagnose.Summary{Errors: errors}, Findings: []diagnose.Finding{}}
	}
	looks := 0
	rings := make(chan struct{}, 1)
	from := source{
		changes: func(context.Context) <-chan struct{} { return rings },
		look: func(context.Context) (diagnose.Report, error) {
			looks++
			rings <- struct{}{}
			switch looks {
			case 1:
				return report(1), nil // as before
			case 2:
				return diagnose.Report{}, os.ErrDeadlineExceeded
			case 3:
				return report(0), nil
			}
			cancel()
			return report(7), nil
		},
	}
	rings <- struct{}{}
	var out, errs bytes.Buffer
	last, err := diagnoseCmd{Output: "json"}.watch(ctx, streams{nil, &out, &errs}, watched{from, report(1), time.Millisecond})
	if err != nil || last.Summary.Errors != 0 {
		t.Errorf("want the last report that was shown, got %v %v", last, err)
	}
	var shown diagnose.Report
	if err := json.Unmarshal(out.Bytes(), &shown); err != nil || shown.Summary.Errors != 0 || !strings.Contains(errs.String(), "timeout") {
		t.Errorf("want one report and one complaint, got %s %s", out.String(), errs.String())
	}
}

func TestManifestsOfFolders(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a.yaml", "b/c.yml", "b/d.json", "README.md"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := manifests(streams{}, root)
	if err != nil || len(found) != 3 {
		t.Errorf("want three files, those of folders too, got %v %v", found, err)
	}
}
