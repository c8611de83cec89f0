package prometheus

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// Restart ends the pod of Prometheus once the configuration that prometheus-operator makes
// has the jobs, and returns when the next one runs. By itself Prometheus got there up to
// three minutes later. That is --watch-interval of its reloader, which else only watches the
// file behind a link that the kubelet replaces (addFile in pkg/reloader of Thanos 0.39).
func Restart(ctx context.Context, p *plane.Plane, jobs ...string) error {
	err := p.Poll(ctx, "the jobs in the configuration of Prometheus", func(ctx context.Context) error {
		made, err := configuration(ctx, p)
		if err != nil {
			return err
		}
		for _, job := range jobs {
			if !strings.Contains(made, "job_name: "+job+"\n") {
				return fmt.Errorf("job %q is not in it", job)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = Namespace, "prometheus-"+Name+"-0"
	if err := p.Client().Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return fmt.Errorf("cannot find the pod of Prometheus: %w", err)
	}
	before := pod.UID
	if err := p.Client().Delete(ctx, pod); err != nil {
		return fmt.Errorf("cannot end the pod of Prometheus: %w", err)
	}
	next := plane.Reference("v1", "Pod", Namespace, pod.Name)
	err = p.WaitFor(ctx, next, func(o *unstructured.Unstructured) error {
		if o.GetUID() == before {
			return errors.New("it has not ended")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.WaitCondition(ctx, next, "Ready")
}

// configuration is the one that prometheus-operator made last.
func configuration(ctx context.Context, p *plane.Plane) (string, error) {
	secret := &corev1.Secret{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: Namespace, Name: "prometheus-" + Name}, secret); err != nil {
		return "", err
	}
	packed, err := gzip.NewReader(bytes.NewReader(secret.Data["prometheus.yaml.gz"]))
	if err != nil {
		return "", fmt.Errorf("cannot read the configuration of Prometheus: %w", err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		return "", fmt.Errorf("cannot read the configuration of Prometheus: %w", err)
	}
	return string(text), nil
}
