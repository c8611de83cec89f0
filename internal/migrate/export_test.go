package migrate

// Known lists what every family knows, for the tests that hold each of them to a case.
func Known() map[string][]string {
	out := map[string][]string{}
	for _, f := range families() {
		for _, a := range f.annotations {
			out[f.name] = append(out[f.name], f.prefixes[0]+a.key)
		}
		for _, a := range f.others {
			out[f.name] = append(out[f.name], a.key)
		}
	}
	return out
}
