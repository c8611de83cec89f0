package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-platform/gatehouse/internal/diagnose"
	"github.com/gatehouse-platform/gatehouse/internal/topology"
)

const ingressAPI = "networking.k8s.io/v1"

func ingressObject(p topology.IngressPath) diagnose.Object {
	return diagnose.Object{APIVersion: ingressAPI, Kind: "Ingress", Namespace: p.Ingress.Namespace, Name: p.Ingress.Name}
}

// followIngress follows a request that is meant for an Ingress.
func (w *way) followIngress(t Target) error {
	if w.options.Gateway != "" || w.options.Port != 0 {
		return fmt.Errorf("%w: an Ingress has no Gateway and no port to choose", ErrInput)
	}
	var refs []topology.Ref
	for _, in := range w.Objects.Ingresses.All() {
		refs = append(refs, topology.Ref{Kind: "Ingress", Namespace: in.Namespace, Name: in.Name})
	}
	ref, err := t.choose(refs)
	if err != nil {
		return err
	}
	in := w.Objects.Ingresses.Get(ref.Namespace, ref.Name)
	own := w.PathsOf(in)
	w.out.Object = diagnose.Object{APIVersion: ingressAPI, Kind: "Ingress", Namespace: in.Namespace, Name: in.Name}
	w.askIngress(own)
	class, controller, _ := w.IngressClassOf(in.Namespace, in.Name)
	scheme := "http"
	if topology.TLSOf(in, w.request.Host) {
		scheme = "https"
	}
	addresses := topology.AddressesOf(in)
	w.describeRequest(scheme, strings.Join(addresses[:min(1, len(addresses))], ""), 0)
	w.ingressClassHop(class, controller)
	w.ingressHops(own, class, addresses)
	return nil
}

// askIngress makes the request: what was asked for, and of the first path of the Ingress
// what was not.
func (w *way) askIngress(own []topology.IngressPath) {
	r := topology.Request{Path: "/", Method: topology.DefaultMethod}
	if len(own) > 0 {
		r = own[0].Sample(sampleHost(nil, "", []string{own[0].Host}))
	}
	path, query := splitQuery(w.options.Path)
	r.Host, r.Path, r.Method = cmp.Or(w.options.Host, r.Host), cmp.Or(path, r.Path), cmp.Or(strings.ToUpper(w.options.Method), r.Method)
	r.Headers, r.Query = w.options.Headers, query
	w.request = r
}

func (w *way) ingressClassHop(class, controller string) {
	object := diagnose.Object{APIVersion: ingressAPI, Kind: "IngressClass", Name: class}
	h := Hop{Kind: HopClass, Object: &object, Text: object.String()}
	if class == "" {
		h.Object, h.Text = nil, "no IngressClass"
	}
	if controller != "" {
		h.Text += ": " + controller
	}
	w.tell(&h, object, anything)
	w.hop(h)
}

// ingressHops say which path of which Ingress of the class gets the request.
func (w *way) ingressHops(own []topology.IngressPath, class string, addresses []string) {
	var taking []topology.IngressPath
	for _, in := range w.Objects.Ingresses.All() {
		if other, _, _ := w.IngressClassOf(in.Namespace, in.Name); other != class {
			continue
		}
		for _, p := range w.PathsOf(in) {
			if p.Takes(w.request) {
				taking = append(taking, p)
			}
		}
	}
	slices.SortStableFunc(taking, func(a, b topology.IngressPath) int {
		// Of two that match the same the older one wins with most controllers; nothing
		// written down says so.
		return cmp.Or(topology.ComparePaths(a, b), a.Ingress.CreationTimestamp.Compare(b.Ingress.CreationTimestamp.Time))
	})
	h := Hop{Kind: HopIngress, Object: &w.out.Object, Text: w.out.Object.String()}
	if len(addresses) > 0 {
		h.Text += " at " + strings.Join(addresses, ", ")
	}
	if len(taking) == 0 {
		for _, p := range own {
			h.PassedOver = append(h.PassedOver, PassedOver{pathWordsOf(p), "another host or path"})
		}
		h.PassedOver = fewest(h.PassedOver, "paths")
		h.Stops = "no path of an Ingress of this class takes the request."
		w.hop(h)
		return
	}
	won := taking[0]
	if object := ingressObject(won); object != w.out.Object {
		w.elsewhere = fmt.Sprintf("%s gets the request, not %s: its host or path fits more closely, or it is older.", object, w.out.Object)
		h.Object, h.Text = &object, object.String()
	}
	h.Field = pathField(won)
	h.Text += ", " + pathWordsOf(won)
	for _, p := range taking[1:] {
		why := "it fits less closely"
		if topology.ComparePaths(won, p) == 0 {
			why = "it matches the same: which one wins is up to the controller"
		}
		h.PassedOver = append(h.PassedOver, PassedOver{fmt.Sprintf("%s, %s", ingressObject(p), pathWordsOf(p)), why})
	}
	h.PassedOver = fewest(h.PassedOver, "paths")
	w.tell(&h, *h.Object, func(f diagnose.Finding) bool {
		return !strings.HasPrefix(f.Field, "spec.rules[") || won.Rule >= 0 && at(fmt.Sprintf("spec.rules[%d]", won.Rule))(f)
	})
	w.hop(h)
	w.ingressBackend(won, *h.Object)
}

func (w *way) ingressBackend(won topology.IngressPath, object diagnose.Object) {
	l := w.IngressLimit(won)
	w.hop(Hop{Kind: HopClocks, Object: &object, Text: "clocks", Limit: &l, Details: clockWords(l)})
	if won.Service.Name == "" {
		w.hop(Hop{Kind: HopService, Object: &object, Field: pathField(won), Text: "a backend that is no Service, and is not looked at here"})
		return
	}
	out := w.backend(topology.BackendFacts{Kind: "Service", Key: won.Service, Port: won.Port, Weight: 1}, backendAt{object, pathField(won)})
	out.Share = 100
	w.out.Backends = append(w.out.Backends, out)
}

func pathField(p topology.IngressPath) string {
	if p.Rule < 0 {
		return "spec.defaultBackend"
	}
	return fmt.Sprintf("spec.rules[%d].http.paths[%d]", p.Rule, p.Path)
}

func pathWordsOf(p topology.IngressPath) string {
	if p.Host == "" {
		return fmt.Sprintf("%s: %s", pathField(p), p)
	}
	return fmt.Sprintf("%s: %s%s", pathField(p), p.Host, p)
}
