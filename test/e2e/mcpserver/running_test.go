package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatehouse-platform/gatehouse/test/e2e/agent"
	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
	"github.com/gatehouse-platform/gatehouse/test/e2e/suite"
)

// running is the real program with what the chart gives it: its environment, and the
// rights of its ServiceAccount, no others.
type running struct {
	plane     *plane.Plane
	namespace string
	url       string
	objects   []*unstructured.Unstructured
}

// startServer installs the chart and runs what its Deployment says, as a process,
// on the shared plane in a namespace of its own.
func startServer(t *testing.T, values string) (context.Context, running) {
	t.Helper()
	ctx, p, namespace := suite.Start(t)
	h := newHelm(t, p, namespace)
	objects, err := h.Install(ctx, parseValues(t, values))
	if err != nil {
		t.Fatalf("cannot install: %v", err)
	}
	t.Cleanup(func() {
		if err := h.Uninstall(); err != nil {
			t.Error(err)
		}
	})
	program, err := plane.BuildCommand(ctx, ".", "./cmd/mcp-server", nil)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	r := running{plane: p, namespace: namespace, url: "http://" + address, objects: objects}
	cmd := exec.CommandContext(ctx, program, "--kubeconfig", kubeconfigOf(t, p, r.token(ctx, t, r.serviceAccount(t))), "--metrics-listen=")
	cmd.Env = append(r.environment(t), "GATEHOUSE_MCP_LISTEN="+address)
	log := &strings.Builder{}
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the server says:\n%s", log)
		}
	})
	if err := p.Poll(ctx, "the server", func(ctx context.Context) error { return r.get(ctx, "/readyz") }); err != nil {
		t.Fatal(err)
	}
	return ctx, r
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (r running) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// environment is what the container of the Deployment gets.
func (r running) environment(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, o := range r.objects {
		if o.GetKind() != "Deployment" {
			continue
		}
		containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		for _, c := range containers {
			entries, _, _ := unstructured.NestedSlice(c.(map[string]any), "env")
			for _, e := range entries {
				entry := e.(map[string]any)
				env = append(env, fmt.Sprintf("%s=%s", entry["name"], entry["value"]))
			}
		}
	}
	if len(env) == 0 {
		t.Fatal("the chart gives the server no environment")
	}
	return env
}

func (r running) serviceAccount(t *testing.T) string {
	t.Helper()
	for _, o := range r.objects {
		if o.GetKind() == "ServiceAccount" {
			return o.GetName()
		}
	}
	t.Fatal("the chart makes no ServiceAccount")
	return ""
}

// token is one of a ServiceAccount of the release's namespace.
func (r running) token(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	token, err := r.plane.Token(ctx, r.namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// caller makes a ServiceAccount and returns its token; with the chart's role for
// callers if it may call.
func (r running) caller(ctx context.Context, t *testing.T, name string, mayCall bool) string {
	t.Helper()
	role := ""
	if mayCall {
		role = r.callerRole(t)
	}
	token, err := r.plane.Caller(ctx, r.namespace, name, role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (r running) callerRole(t *testing.T) string {
	t.Helper()
	for _, o := range r.objects {
		if o.GetKind() == "ClusterRole" && strings.HasSuffix(o.GetName(), "-caller") {
			return o.GetName()
		}
	}
	t.Fatal("the chart has no role for callers")
	return ""
}

// kubeconfigOf lets a program be who the token says, and nobody else.
func kubeconfigOf(t *testing.T, p *plane.Plane, token string) string {
	t.Helper()
	admin := p.Config()
	config := clientcmdapi.NewConfig()
	config.Clusters["plane"] = &clientcmdapi.Cluster{Server: admin.Host, CertificateAuthorityData: admin.CAData}
	config.AuthInfos["server"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["plane"] = &clientcmdapi.Context{Cluster: "plane", AuthInfo: "server"}
	config.CurrentContext = "plane"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// connect is an MCP client; progress gets what the server tells meanwhile.
func (r running) connect(ctx context.Context, token string, progress chan<- string) (*mcp.ClientSession, error) {
	return agent.Connect(ctx, agent.Options{URL: r.url, Token: token, Progress: func(_ any, message string) { progress <- message }})
}

// post sends a call by hand and returns the status.
func (r running) post(ctx context.Context, t *testing.T, token string) int {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Mcp-Protocol-Version", "2025-06-18")
	response, err := agent.Options{Token: token}.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
