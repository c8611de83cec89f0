package schemas

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

var (
	documentSeparator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?$`)
	isCRD             = regexp.MustCompile(`(?m)^kind: CustomResourceDefinition[ \t]*$`)
	crdGroup          = regexp.MustCompile(`(?m)^  group: (\S+)[ \t]*$`)
	crdKind           = regexp.MustCompile(`(?m)^  names:\n(?:    .*\n)*?    kind: (\S+)[ \t]*$`)
)

// A Set holds the schema of every kind that Gatehouse renders. It is safe for concurrent use.
type Set struct {
	definitions map[schema.GroupKind]*definition
	incomplete  error
}

// A definition is a CRD that is parsed and compiled when it is first asked for: parsing all of them takes longer than
// everything else here together.
type definition struct {
	versions func() (map[string]*version, error)
}

// Load returns the schemas of the CRDs beside the repository and in the modules of components.mod. Where both know a
// kind, the CRD beside the repository counts.
//
// The CRDs beside the repository are optional for users and required when the environment says CI=true; see Incomplete.
func Load(ctx context.Context) (*Set, error) {
	return load(ctx, components())
}

// LoadNewer is Load, but the CRDs in the modules of newer.mod count before those that the catalog pins. What a chart
// renders for people's own clusters has to be valid there too.
func LoadNewer(ctx context.Context) (*Set, error) {
	return load(ctx, newer(), components())
}

// load returns a set in which the first source that knows a kind counts, after the folder beside the repository.
func load(ctx context.Context, sources ...pins) (*Set, error) {
	set := &Set{definitions: map[schema.GroupKind]*definition{}}

	folders, err := crdFolders(ctx, sources)
	if err != nil {
		return nil, err
	}
	if _, err := SharedFolder(); err != nil {
		set.incomplete = err
	}
	for _, folder := range folders {
		if err := set.addFolder(folder); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// CRDFolders returns the folders whose YAML files hold the CRDs of Load, the one that counts first.
func CRDFolders(ctx context.Context) ([]string, error) {
	return crdFolders(ctx, []pins{components()})
}

func crdFolders(ctx context.Context, sources []pins) ([]string, error) {
	var folders []string
	shared, err := SharedFolder()
	switch {
	case err == nil:
		folders = append(folders, filepath.Join(shared, "crds"))
	case os.Getenv("CI") == "true":
		return nil, err
	}
	for _, source := range sources {
		found, err := source.crdFolders(ctx)
		if err != nil {
			return nil, err
		}
		folders = append(folders, found...)
	}
	return folders, nil
}

// Incomplete says why the providers' CRDs are missing from the set, or nil. Validate then reports
// field.ErrorTypeNotFound for kinds which it cannot judge.
func (s *Set) Incomplete() error {
	return s.incomplete
}

func (s *Set) addFolder(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return fmt.Errorf("cannot list %q: %w", folder, err)
	}
	if len(files) == 0 {
		return fmt.Errorf("cannot find CRDs in %q: the folder has no YAML files", folder)
	}
	for _, file := range files {
		if err := s.addFile(file); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) addFile(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", file, err)
	}
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	for _, doc := range documentSeparator.Split(string(content), -1) {
		if !isCRD.MatchString(doc) {
			continue
		}
		// Two regular expressions index a file in a thousandth of the time its YAML takes to parse. Generated CRDs all
		// have this layout; one that has not is reported, not skipped.
		group, kind := crdGroup.FindStringSubmatch(doc), crdKind.FindStringSubmatch(doc)
		if group == nil || kind == nil {
			return fmt.Errorf("cannot find group and kind of a CRD in %q", file)
		}
		gk := schema.GroupKind{Group: group[1], Kind: kind[1]}
		if s.definitions[gk] != nil {
			continue
		}
		s.definitions[gk] = &definition{
			versions: sync.OnceValues(func() (map[string]*version, error) { return parse(gk, file, doc) }),
		}
	}
	return nil
}

// parse returns the served versions of a CRD.
func parse(gk schema.GroupKind, file, doc string) (map[string]*version, error) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal([]byte(doc), crd); err != nil {
		return nil, fmt.Errorf("cannot parse the CRD of %q in %q: %w", gk, file, err)
	}
	versions := map[string]*version{}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			return nil, fmt.Errorf("cannot use the CRD of %q in %q: version %q has no schema", gk, file, v.Name)
		}
		versions[v.Name] = &version{
			compiled: sync.OnceValues(func() (*compiled, error) {
				c, err := compile(v.Schema.OpenAPIV3Schema)
				if err != nil {
					return nil, fmt.Errorf("cannot compile the schema of %q version %q in %q: %w", gk, v.Name, file, err)
				}
				return c, nil
			}),
		}
	}
	return versions, nil
}
