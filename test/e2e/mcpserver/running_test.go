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
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gatehouse-platform/gatehouse/test/e2e/plane"
)

// running is the real program with what the chart gives it: its environment, and the
// rights of its ServiceAccount, no others.
type running struct {
	plane     *plane.Plane
	namespace string
	url       string
	objects   []*unstructured.Unstructured
}

// startServer installs the chart and runs what its Deployment says, as a process.
func startServer(ctx context.Context, t *testing.T, values string) running {
	t.Helper()
	_, p := start(t)
	namespace := newNamespace(ctx, t, p)
	h := newHelm(t, p, namespace)
	objects, err := h.install(ctx, parseValues(t, values))
	if err != nil {
		t.Fatalf("cannot install: %v", err)
	}
	t.Cleanup(func() {
		if err := h.uninstall(); err != nil {
			t.Error(err)
		}
	})
	address := freeAddress(t)
	r := running{plane: p, namespace: namespace, url: "http://" + address, objects: objects}
	cmd := exec.CommandContext(ctx, buildServer(ctx, t), "--kubeconfig", kubeconfigOf(t, p, r.token(ctx, t, r.serviceAccount(t))), "--metrics-listen=")
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
	return r
}

// buildServer builds the program once for each test.
func buildServer(ctx context.Context, t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mcp-server")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", program, "./cmd/mcp-server")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the server: %v\n%s", err, out)
	}
	return program
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

// token is one of a ServiceAccount, as a pod or kubectl create token gets it.
func (r running) token(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	clients, err := kubernetes.NewForConfig(r.plane.Config())
	if err != nil {
		t.Fatal(err)
	}
	made, err := clients.CoreV1().ServiceAccounts(r.namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Status.Token
}

// caller makes a ServiceAccount and returns its token; with the chart's role for
// callers if it may call.
func (r running) caller(ctx context.Context, t *testing.T, name string, mayCall bool) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name}}
	if err := r.plane.Client().Create(ctx, account); err != nil {
		t.Fatal(err)
	}
	if mayCall {
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: r.namespace + "-" + name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.callerRole(t)},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: r.namespace, Name: name}},
		}
		if err := r.plane.Client().Create(ctx, binding); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.plane.Client().Delete(context.WithoutCancel(ctx), binding) })
	}
	return r.token(ctx, t, name)
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

// bearer sends a token with every request.
type bearer string

// RoundTrip implements [http.RoundTripper].
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// connect is an MCP client; progress gets what the server tells meanwhile.
func (r running) connect(ctx context.Context, token string, progress chan<- string) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			progress <- req.Params.Message
		},
	})
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: r.url + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)}, MaxRetries: -1,
	}, nil)
}

// call calls a tool and returns its structured output; a tool's error is an error.
func call(ctx context.Context, session *mcp.ClientSession, params *mcp.CallToolParams) (map[string]any, error) {
	result, err := session.CallTool(ctx, params)
	if err != nil {
		return nil, err
	}
	if result.IsError {
		return nil, errors.New(result.Content[0].(*mcp.TextContent).Text)
	}
	return result.StructuredContent.(map[string]any), nil
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
	response, err := (&http.Client{Transport: bearer(token)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
