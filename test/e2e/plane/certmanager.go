package plane

// certManager is the programs of cert-manager's images in one. Its chart runs them as
// pods: see package certmanager.
func certManager() component {
	return component{name: "cert-manager", source: &source{folder: "cert-manager", target: "."}}
}
