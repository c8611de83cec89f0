package plane

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// janitor is a process that outlives this one for a moment: it waits until its
// input ends, which also happens when this program is killed, and removes the
// run directory, and the cgroups of a node, which have its name. The kernel has
// ended the components by then.
type janitor struct {
	cmd   *exec.Cmd
	input io.Closer
}

// hireJanitor starts the janitor of dir, which it leaves in place if it is to be
// kept. It retries, as a component that is about to die may still write.
func hireJanitor(dir string, keep bool) (*janitor, error) {
	const script = `cat >/dev/null
for i in 1 2 3 4 5; do
  find /sys/fs/cgroup -depth -type d -path "*/${1##*/}*" -exec rmdir {} \; 2>/dev/null
  [ "$2" = keep ] && exit 0
  rm -rf -- "$1" && exit 0
  sleep 0.2
done
exit 1`
	files := "remove"
	if keep {
		files = "keep"
	}
	cmd := exec.Command("/bin/sh", "-c", script, "gatehouse-janitor", dir, files)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), MarkVariable + "=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start the janitor of %q: %w", dir, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the janitor of %q: %w", dir, err)
	}
	return &janitor{cmd: cmd, input: input}, nil
}

// dismiss lets the janitor do its work and waits for it.
func (j *janitor) dismiss() error {
	_ = j.input.Close()
	if err := j.cmd.Wait(); err != nil {
		return fmt.Errorf("cannot remove the run directory: %w", err)
	}
	return nil
}

// endOnSignal closes the plane when this program is told to end, then lets the
// signal do what it would have done.
func (p *Plane) endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	over := make(chan struct{})
	p.onClose(func() error {
		signal.Stop(signals)
		close(over)
		return nil
	})
	go func() {
		select {
		case <-over:
		case got := <-signals:
			p.progress.printf("ending on signal %q", got)
			if err := p.Close(); err != nil {
				p.progress.printf("%v", err)
			}
			signal.Reset(got)
			if number, ok := got.(syscall.Signal); ok {
				_ = syscall.Kill(os.Getpid(), number)
			}
		}
	}()
}
