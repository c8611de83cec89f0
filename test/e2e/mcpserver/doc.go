// Package mcpserver installs the chart mcp-server with Helm on a real API server that
// validates every field strictly, with the real definitions of everything that the
// chart renders. The values files are those of test/charts and examples/gateway-api.
//
// It also runs the real server there, as a process: with the environment that the chart
// gives it and with the rights of the chart's ServiceAccount. There is no gateway and no
// kubelet here.
package mcpserver
