package inspector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const root = "../.."

// installed is the folder with the clients, which one download fills for good.
func installed(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: these tests need Node 20 or newer with npm, for MCP clients that are not ours", program)
		}
	}
	cache := os.Getenv("GATEHOUSE_CACHE")
	if cache == "" {
		cache = filepath.Join(root, ".cache")
	}
	hash := sha256.New()
	files := []string{"package.json", "package-lock.json", ".npmrc"}
	for _, name := range files {
		hash.Write(read(t, name))
	}
	folder, err := filepath.Abs(filepath.Join(cache, "inspector-"+hex.EncodeToString(hash.Sum(nil)[:6])))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	// What is half installed is never taken for installed.
	partial := folder + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if err := os.WriteFile(filepath.Join(partial, name), read(t, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	npm := exec.Command("npm", "ci")
	npm.Dir = partial
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("cannot install the clients: %v\n%s", err, out)
	}
	if err := os.Rename(partial, folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// built is the program under test.
func built(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(t.TempDir(), "mcp-server"))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/mcp-server")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the server: %v\n%s", err, out)
	}
	return program
}

// serve starts the program and returns the address of its endpoint. It ends with the test.
func serve(t *testing.T, program string, flags ...string) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := lis.Addr().String()
	if err := lis.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.Command(program, append([]string{"http", "--listen", address, "--metrics-listen", "", "--drain-delay", "0s"}, flags...)...)
	server.Env = withoutCluster(t)
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			t.Errorf("the server did not end well: %v\n%s", err, log.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if healthy("http://" + address + "/readyz") {
			return "http://" + address + "/mcp"
		}
		if time.Now().After(deadline) {
			t.Fatal("the server is not ready after 30 s")
		}
	}
}

func healthy(url string) bool {
	rsp, err := http.Get(url)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, rsp.Body)
	return errors.Join(rsp.Body.Close()) == nil && rsp.StatusCode == http.StatusOK
}

// withoutCluster is an environment in which no cluster is found.
func withoutCluster(t *testing.T) []string {
	t.Helper()
	return append(os.Environ(), "KUBECONFIG="+filepath.Join(t.TempDir(), "none"), "KUBERNETES_SERVICE_HOST=")
}

// node runs a client to its end.
func node(t *testing.T, folder string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, report bytes.Buffer
	client := exec.CommandContext(ctx, "node", args...)
	client.Dir = folder
	client.Env = withoutCluster(t)
	client.Stdout, client.Stderr = &out, &report
	err = client.Run()
	return out.String(), report.String(), err
}
