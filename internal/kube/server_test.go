package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// apiServer speaks as much of Kubernetes' API as the clients of this package ask:
// discovery, lists in pages, watches, and the refusals 403, 404 and 410.
type apiServer struct {
	*httptest.Server

	kinds []servedKind
	// post answers what is created, patch what is patched, remover what is deleted.
	post, patch, remover http.HandlerFunc

	mu        sync.Mutex
	version   int
	objects   map[string]map[string]*unstructured.Unstructured
	history   []change
	forgotten int           // changes up to this version are gone: 410
	drop      chan struct{} // closed to end all watches
	news      chan struct{} // closed when there is a change
	forbidden map[string]bool
	expire    int // so many continue tokens are expired
	down      bool
	requests  []string
	watching  int
}

type servedKind struct {
	schema.GroupVersionKind

	resource      string
	clusterScoped bool
}

func (k servedKind) prefix() string {
	if k.Group == "" {
		return "/api/" + k.Version
	}
	return "/apis/" + k.Group + "/" + k.Version
}

type change struct {
	resource, kind string
	version        int
	object         *unstructured.Unstructured
}

func serve(t testing.TB, kinds ...servedKind) *apiServer {
	t.Helper()
	s := &apiServer{
		kinds: kinds, objects: map[string]map[string]*unstructured.Unstructured{}, forbidden: map[string]bool{},
		drop: make(chan struct{}), news: make(chan struct{}), version: 100,
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *apiServer) client(t testing.TB, c Config) *Client {
	t.Helper()
	if c.QPS == 0 {
		c.QPS = 10000
	}
	out, err := connect(&rest.Config{Host: s.URL}, c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// put creates or changes an object, nil annotations of it are fine.
func (s *apiServer) put(kind servedKind, namespace, name string, spec map[string]any) {
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	obj.SetGroupVersionKind(kind.GroupVersionKind)
	obj.SetNamespace(namespace)
	obj.SetName(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects[kind.resource] == nil {
		s.objects[kind.resource] = map[string]*unstructured.Unstructured{}
	}
	event := "ADDED"
	if s.objects[kind.resource][namespace+"/"+name] != nil {
		event = "MODIFIED"
	}
	s.version++
	obj.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[kind.resource][namespace+"/"+name] = obj
	s.tell(change{kind.resource, event, s.version, obj})
}

func (s *apiServer) remove(kind servedKind, namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj := s.objects[kind.resource][namespace+"/"+name].DeepCopy()
	delete(s.objects[kind.resource], namespace+"/"+name)
	s.version++
	obj.SetResourceVersion(strconv.Itoa(s.version))
	s.tell(change{kind.resource, "DELETED", s.version, obj})
}

func (s *apiServer) tell(c change) {
	s.history = append(s.history, c)
	close(s.news)
	s.news = make(chan struct{})
}

// cut ends all watches; with forget, nobody can go on where they were.
func (s *apiServer) cut(forget bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if forget {
		s.forgotten = s.version
	}
	close(s.drop)
	s.drop = make(chan struct{})
}

func (s *apiServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// asked counts the requests that begin like this and hold all the words.
func (s *apiServer) asked(prefix string, words ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(r, word) }) {
			n++
		}
	}
	return n
}

func (s *apiServer) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watching
}

func (s *apiServer) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.String())
	down := s.down
	s.mu.Unlock()
	switch {
	case down:
		fail(w, apierrors.NewServiceUnavailable("down"))
	case s.discover(w, r):
	case r.Method == http.MethodPost:
		s.post(w, r)
	case r.Method == http.MethodPatch:
		s.patch(w, r)
	case r.Method == http.MethodDelete:
		s.remover(w, r)
	default:
		s.read(w, r)
	}
}

func (s *apiServer) discover(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/api":
		reply(w, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
		return true
	case "/apis":
		reply(w, s.groups())
		return true
	case "/version":
		reply(w, map[string]any{"major": "1", "minor": "36", "gitVersion": "v1.36.3"})
		return true
	}
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}}
	for _, k := range s.kinds {
		if r.URL.Path == k.prefix() {
			list.GroupVersion = k.GroupVersion().String()
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: k.resource, SingularName: strings.ToLower(k.Kind), Kind: k.Kind, Namespaced: !k.clusterScoped, Verbs: metav1.Verbs{"get", "list", "watch"},
			})
		}
	}
	if list.APIResources != nil {
		reply(w, list)
	}
	return list.APIResources != nil
}

func (s *apiServer) groups() metav1.APIGroupList {
	out := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, k := range s.kinds {
		if k.Group == "" || slices.ContainsFunc(out.Groups, func(g metav1.APIGroup) bool { return g.Name == k.Group }) {
			continue
		}
		v := metav1.GroupVersionForDiscovery{GroupVersion: k.GroupVersion().String(), Version: k.Version}
		out.Groups = append(out.Groups, metav1.APIGroup{Name: k.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return out
}

// read answers GET: one object, a list or a watch.
func (s *apiServer) read(w http.ResponseWriter, r *http.Request) {
	for _, k := range s.kinds {
		rest, found := strings.CutPrefix(r.URL.Path, k.prefix()+"/")
		if !found {
			continue
		}
		parts := strings.Split(rest, "/")
		namespace := ""
		if len(parts) > 2 && parts[0] == "namespaces" {
			namespace, parts = parts[1], parts[2:]
		}
		if parts[0] != k.resource {
			continue
		}
		s.mu.Lock()
		forbidden := s.forbidden[k.resource]
		s.mu.Unlock()
		gr := schema.GroupResource{Group: k.Group, Resource: k.resource}
		switch {
		case forbidden:
			fail(w, apierrors.NewForbidden(gr, "", fmt.Errorf("user %q cannot list it", "test")))
		case len(parts) > 1:
			s.get(w, k, namespace, parts[1])
		case r.URL.Query().Get("watch") != "":
			s.watch(w, r, k, namespace)
		default:
			s.list(w, r, k, namespace)
		}
		return
	}
	fail(w, apierrors.NewNotFound(schema.GroupResource{}, r.URL.Path))
}

func (s *apiServer) get(w http.ResponseWriter, k servedKind, namespace, name string) {
	s.mu.Lock()
	obj := s.objects[k.resource][namespace+"/"+name]
	s.mu.Unlock()
	if obj == nil {
		fail(w, apierrors.NewNotFound(schema.GroupResource{Group: k.Group, Resource: k.resource}, name))
		return
	}
	reply(w, obj)
}

func (s *apiServer) list(w http.ResponseWriter, r *http.Request, k servedKind, namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("continue"))
	limit, _ := strconv.Atoi(query.Get("limit"))
	if from > 0 && s.expire > 0 {
		s.expire--
		fail(w, apierrors.NewResourceExpired("the continue token has expired"))
		return
	}
	list := &unstructured.UnstructuredList{Object: map[string]any{"metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}}}
	list.SetAPIVersion(k.GroupVersion().String())
	list.SetKind(k.Kind + "List")
	keys := slices.Sorted(maps.Keys(s.objects[k.resource]))
	for i, key := range keys {
		if i < from || namespace != "" && !strings.HasPrefix(key, namespace+"/") {
			continue
		}
		if limit > 0 && len(list.Items) == limit {
			list.SetContinue(strconv.Itoa(i))
			break
		}
		list.Items = append(list.Items, *shown(r, s.objects[k.resource][key]))
	}
	if bare(r) {
		list.SetAPIVersion("meta.k8s.io/v1")
		list.SetKind("PartialObjectMetadataList")
	}
	reply(w, list)
}

// bare says that only metadata is asked for.
func bare(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata")
}

// shown is an object as it is asked for.
func shown(r *http.Request, obj *unstructured.Unstructured) *unstructured.Unstructured {
	if !bare(r) {
		return obj
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": obj.Object["metadata"]}}
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request, k servedKind, namespace string) {
	since, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	s.mu.Lock()
	s.watching++
	drop, forgotten := s.drop, s.forgotten
	s.mu.Unlock()
	defer s.set(func() { s.watching-- })
	if since < forgotten {
		fail(w, apierrors.NewResourceExpired("too old resource version"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	for at := 0; ; {
		s.mu.Lock()
		events, news := s.history[at:], s.news
		at = len(s.history)
		s.mu.Unlock()
		for _, c := range events {
			if c.version > since && c.resource == k.resource && (namespace == "" || c.object.GetNamespace() == namespace) {
				if err := json.NewEncoder(w).Encode(map[string]any{"type": c.kind, "object": shown(r, c.object).Object}); err != nil {
					return
				}
			}
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-news:
		case <-drop:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func reply(w http.ResponseWriter, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

func fail(w http.ResponseWriter, err apierrors.APIStatus) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	raw, broken := json.Marshal(status)
	if broken != nil {
		http.Error(w, broken.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(status.Code))
	_, _ = w.Write(raw)
}

func body(r *http.Request) []byte {
	raw, _ := io.ReadAll(r.Body)
	return raw
}
