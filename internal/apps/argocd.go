package apps

import (
	v2 "github.com/gatehouse-platform/gatehouse/api/v2"
	"github.com/gatehouse-platform/gatehouse/internal/composed"
)

// argoCD installs Argo CD and its first Application.
func argoCD() App {
	return App{
		Name:    "argocd",
		Enabled: func(a *v2.Apps) bool { return a.ArgoCD.Enabled },
		Parts: func(s *composed.Scope) []string {
			return []string{s.ReleaseKey("argo-cd"), s.ObjectKey("argo-cd-app")}
		},
		Resources: func(s *composed.Scope) []composed.Resource {
			argo := &s.Apps().ArgoCD
			release := composed.AppRelease("argo-cd", &argo.App, argoCDValues(argo))
			release.Set = adminPassword(argo.AdminPasswordHashSecretRef)
			return append(s.Release(release), s.AppObject(composed.Object{
				Name:     "argo-cd-app",
				Manifest: argoCDApplication(argo),
				After:    []string{s.ReleaseKey("argo-cd")},
			})...)
		},
	}
}

func argoCDValues(argo *v2.ArgoCD) map[string]any {
	return map[string]any{
		"global": map[string]any{"domain": argo.Host},
		"configs": map[string]any{
			"cm": map[string]any{
				"application.resourceTrackingMethod": "annotation",
				"timeout.reconciliation":             "60s",
			},
			// One key with a dot: the chart passes over the nested form.
			"params": map[string]any{"server.insecure": true},
		},
		"server": map[string]any{"extraArgs": []any{"--insecure"}},
	}
}

// adminPassword takes the hash from a Secret when the chart is installed, so
// that it stands in no Cluster. Without it Argo CD makes its own password.
func adminPassword(ref *v2.SecretKeyRef) []any {
	if ref == nil {
		return nil
	}
	key := ref.Key
	if key == "" {
		key = "admin.password" // as Argo CD's own Secret has it
	}
	return []any{map[string]any{
		"name":      "configs.secret.argocdServerAdminPassword",
		"valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": ref.Name, "key": key}},
	}}
}

func argoCDApplication(argo *v2.ArgoCD) map[string]any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Application",
		"metadata": map[string]any{
			"name":       "apps",
			"namespace":  "argocd",
			"finalizers": []any{"resources-finalizer.argocd.argoproj.io"},
		},
		"spec": map[string]any{
			"project": "default",
			"source": map[string]any{
				"repoURL":        argo.RepoURL,
				"path":           argo.SourcePath,
				"targetRevision": "HEAD",
			},
			"destination": map[string]any{
				"server":    "https://kubernetes.default.svc",
				"namespace": argo.DestinationNamespace,
			},
			"syncPolicy": map[string]any{"automated": map[string]any{
				"prune":      true,
				"selfHeal":   true,
				"allowEmpty": true,
			}},
		},
	}
}
