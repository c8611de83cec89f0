package plane

// ToolHive's programs. Both run as pods: the operator of its own chart, and the proxy
// that the operator puts in front of each MCP server.

const toolhiveModule = "github.com/stacklok/toolhive/cmd/"

func toolhiveOperator() component {
	return component{name: "toolhive-operator", source: &source{folder: "toolhive", target: toolhiveModule + "thv-operator"}}
}

func toolhiveProxyrunner() component {
	return component{name: "toolhive-proxyrunner", source: &source{folder: "toolhive", target: toolhiveModule + "thv-proxyrunner"}}
}
