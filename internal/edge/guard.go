package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guard knows by which names the server is called, and which pages may call it. A page
// whose name was made to mean this machine (DNS rebinding) is found by its Host.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
type guard struct {
	// hosts are the allowed names in lower case, with or without port; nil when all are.
	hosts map[string]bool
	// origins are the allowed ones beside the host's own.
	origins map[string]bool
}

func newGuard(o *Options) *guard {
	g := &guard{origins: map[string]bool{}}
	for _, origin := range o.AllowedOrigins {
		g.origins[canonical(origin)] = true
	}
	hosts := append([]string(nil), o.AllowedHosts...)
	if u, err := url.Parse(o.ExternalURL); err == nil && o.ExternalURL != "" {
		hosts = append(hosts, u.Host)
		g.origins[canonical(o.ExternalURL)] = true
	}
	for _, host := range hosts {
		if g.hosts == nil {
			g.hosts = map[string]bool{}
		}
		g.hosts[strings.ToLower(host)] = true
	}
	return g
}

func canonical(origin string) string { return strings.ToLower(strings.TrimSuffix(origin, "/")) }

// knowsHost tells whether a request is meant for this server. The names of loopback are
// always known: no page but one of this machine has them.
func (g *guard) knowsHost(r *http.Request) bool {
	if onLoopback(r.Host) {
		return true
	}
	if g.hosts == nil {
		local, known := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		return !known || !onLoopback(local.String())
	}
	host := strings.ToLower(r.Host)
	if g.hosts[host] {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	return err == nil && g.hosts[name]
}

func (g *guard) hostMessage(r *http.Request) string {
	return fmt.Sprintf("host %q is not served here: see --allowed-hosts and --external-url", r.Host)
}

// cors tells whether the origin of a request may use the server, and whether the request
// only asks so. It sets what a browser has to see for pages of another origin.
// https://fetch.spec.whatwg.org/#http-cors-protocol
func (g *guard) cors(w http.ResponseWriter, r *http.Request) (preflight, allowed bool) {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false, true
	}
	if len(origins) > 1 {
		return false, false
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Host == "" {
		return false, false
	}
	if !g.origins[canonical(origins[0])] {
		return false, strings.EqualFold(u.Host, r.Host)
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false, true
	}
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "3600")
	return true, true
}
