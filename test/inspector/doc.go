// Package inspector lets MCP clients of others talk to the program cmd/mcp-server:
// the command line of the MCP Inspector and the conformance suite of the protocol.
// Both are JavaScript: package.json pins them, and they are installed into the cache
// folder, never into the tree. They are the newest versions that run on Node 20:
// the Inspector 2 needs Node 22.19, the conformance suite 0.1.14 needs fs.globSync.
package inspector
