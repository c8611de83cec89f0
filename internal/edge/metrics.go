package edge

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// other stands for every label value that a client made up.
const other = "other"

// knownMethods are the methods of all revisions that a server can be sent.
var knownMethods = []string{
	"completion/complete", "initialize", "logging/setLevel", "notifications/cancelled", "notifications/initialized",
	"notifications/progress", "notifications/roots/list_changed", "ping", "prompts/get", "prompts/list", "resources/list",
	"resources/read", "resources/subscribe", "resources/templates/list", "resources/unsubscribe", "server/discover",
	methodListen, methodCallTool, "tools/list",
}

type metrics struct {
	registry *prometheus.Registry
	tools    map[string]bool

	requests    *prometheus.CounterVec
	handledAll  *prometheus.CounterVec
	toolCalls   *prometheus.CounterVec
	refused     *prometheus.CounterVec
	authFailure *prometheus.CounterVec
	rateLimited prometheus.Counter
	streamTime  prometheus.Histogram
}

func newMetrics(version string, tools map[string]bool) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "gatehouse_mcp", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:    prometheus.NewRegistry(),
		tools:       tools,
		requests:    counter("http_requests_total", "HTTP requests to the MCP server by method, class of the status and protocol revision.", "method", "status", "revision"),
		handledAll:  counter("messages_total", "MCP requests and notifications that reached a handler.", "method", "outcome"),
		toolCalls:   counter("tool_calls_total", "Tool calls by tool and how they ended.", "tool", "outcome"),
		refused:     counter("refused_total", "HTTP requests that were refused, by what for.", "reason"),
		authFailure: counter("auth_failures_total", "Requests without an accepted token, by what was wrong.", "reason"),
		rateLimited: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "gatehouse_mcp", Name: "rate_limited_total", Help: "HTTP requests that were refused because their caller sent too many.",
		}),
		streamTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "gatehouse_mcp", Name: "stream_duration_seconds", Help: "How long event streams were open.",
			Buckets: []float64{0.01, 0.1, 1, 10, 60, 300, 900, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 24 * 3600},
		}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "gatehouse_mcp", Name: "build_info", Help: "Always 1."}, []string{"version", "go"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build,
		m.requests, m.handledAll, m.toolCalls, m.refused, m.authFailure, m.rateLimited, m.streamTime,
	)
	return m
}

// watch adds what is counted elsewhere.
func (m *metrics) watch(f *front) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "gatehouse_mcp", Name: "http_requests_in_flight", Help: "HTTP requests to the MCP server under way.",
		}, func() float64 { return float64(f.inFlight.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "gatehouse_mcp", Name: "open_streams", Help: "Event streams that are open.",
		}, func() float64 { return float64(f.keepalive.streams()) }),
	)
}

func (m *metrics) authFailed(reason string) { m.authFailure.WithLabelValues(reason).Inc() }

// method returns a value for a label.
func (m *metrics) method(name string) string {
	if slices.Contains(knownMethods, name) {
		return name
	}
	return other
}

// served counts an HTTP request that has ended.
func (m *metrics) served(x *exchange, httpMethod string) {
	switch httpMethod {
	case http.MethodPost, http.MethodGet, http.MethodDelete, http.MethodOptions, http.MethodHead:
	default:
		httpMethod = other
	}
	status := "gone"
	if x.status != 0 {
		status = strconv.Itoa(x.status/100) + "xx"
	}
	m.requests.WithLabelValues(httpMethod, status, x.revision).Inc()
	if x.opened {
		m.streamTime.Observe(time.Since(x.begun).Seconds())
	}
}

// call is a message that a handler has dealt with.
type call struct {
	method, tool string
	res          mcp.Result
	err          error
	// gone is true when the client has left.
	gone bool
}

func (m *metrics) handled(c call) {
	o := outcome(c)
	m.handledAll.WithLabelValues(m.method(c.method), o).Inc()
	if c.method != methodCallTool {
		return
	}
	if !m.tools[c.tool] {
		c.tool = other
	}
	m.toolCalls.WithLabelValues(c.tool, o).Inc()
}

func outcome(c call) string {
	rpc := new(jsonrpc.Error)
	result, isTool := c.res.(*mcp.CallToolResult)
	switch {
	case c.gone, errors.Is(c.err, context.Canceled):
		return "gone"
	case errors.As(c.err, &rpc) && rpc.Code == jsonrpc.CodeInvalidParams:
		return "invalid"
	case c.err != nil:
		return "failed"
	case isTool && result != nil && result.IsError:
		return "error"
	default:
		return "ok"
	}
}
