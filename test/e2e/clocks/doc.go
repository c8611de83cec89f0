// Package clocks holds what the chart mcp-server and internal/streaming promise of streams
// against what the real Envoy Gateway tells Envoy: its own translator, egctl, reads what the
// chart renders and says the clocks. It needs neither a plane nor root.
package clocks
