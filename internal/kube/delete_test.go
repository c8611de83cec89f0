package kube

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestDelete(t *testing.T) {
	clusters := servedKind{schema.GroupVersionKind{Group: "devopstoolkit.ai", Version: "v2", Kind: "Cluster"}, "clusters", false}
	s := serve(t, clusters)
	var asked []metav1.DeleteOptions
	s.remover = func(w http.ResponseWriter, r *http.Request) {
		options := metav1.DeleteOptions{}
		if err := json.Unmarshal(body(r), &options); err != nil {
			t.Error(err)
		}
		asked = append(asked, options)
		if options.Preconditions == nil {
			fail(w, apierrors.NewNotFound(schema.GroupResource{Resource: "clusters"}, "c"))
			return
		}
		reply(w, metav1.Status{Status: metav1.StatusSuccess})
	}
	c := s.client(t, Config{})
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(clusters.GroupVersionKind)
	obj.SetNamespace("a")
	obj.SetName("c")
	if err := c.Delete(t.Context(), obj); !apierrors.IsNotFound(err) {
		t.Errorf("want to be told that it is gone, got %v", err)
	}
	obj.SetUID("7")
	if err := c.Delete(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("7", string(*asked[1].Preconditions.UID)); diff != "" || *asked[1].PropagationPolicy != metav1.DeletePropagationBackground {
		t.Errorf("want only the object that was meant, got %+v", asked[1])
	}
}
