package composed

// Controlled selects a resource of the same Cluster.
func Controlled() map[string]any { return map[string]any{"matchControllerRef": true} }

// ControlledWith selects a resource of the same Cluster by its labels.
func ControlledWith(labels map[string]any) map[string]any {
	return map[string]any{"matchControllerRef": true, "matchLabels": labels}
}

// SetValue is one value of a Release's set list.
func SetValue(name, value string) map[string]any {
	return map[string]any{"name": name, "value": value}
}
