package plane

// kubectl runs what people are told to run: a tool, see Build.
func kubectl() component {
	return component{name: "kubectl", source: &source{folder: "kubectl", target: "."}}
}
