package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// IdlePod makes a pod that does nothing, and returns once it runs: somebody in that
// namespace.
func (p *Plane) IdlePod(ctx context.Context, namespace, name string) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "idle", Image: pauseImage}}, TerminationGracePeriodSeconds: new(int64)},
	}
	if err := p.Client().Create(ctx, pod); err != nil {
		return fmt.Errorf("cannot make pod %q: %w", namespace+"/"+name, err)
	}
	return p.WaitCondition(ctx, Reference("v1", "Pod", namespace, name), "Ready")
}

// ReachFrom connects from the network of a pod to HOST:PORT, and ends the connection. It
// returns why that cannot be done.
func (p *Plane) ReachFrom(ctx context.Context, namespace, name, address string) error {
	pod := &corev1.Pod{}
	if err := p.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pod); err != nil {
		return err
	}
	pid, err := processOf(string(pod.UID))
	if err != nil {
		return fmt.Errorf("cannot find pod %q: %w", namespace+"/"+name, err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		// Never unlocked: a thread that left the common namespace is of no other use.
		runtime.LockOSThread()
		if err = enterNetwork(pid); err != nil {
			return
		}
		var connection net.Conn
		if connection, err = net.DialTimeout("tcp", address, 2*time.Second); err == nil {
			err = connection.Close()
		}
	})
	done.Wait()
	return err
}

// processOf finds a process of a pod by its cgroup, which kubelet names after the pod.
func processOf(uid string) (int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		groups, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(groups), "pod"+uid) {
			continue // it may have ended meanwhile
		}
		return strconv.Atoi(filepath.Base(filepath.Dir(file)))
	}
	return 0, errors.New("it has no process")
}
