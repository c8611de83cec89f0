// Package proofs knows what the end-to-end tests show, and says how it went.
//
// The list stands in proofs.yaml. Command proofs runs the tests and prints it.
package proofs

import (
	_ "embed"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Proof is one promise that is shown at run time.
type Proof struct {
	ID    string   `json:"id"`    // P1, P2 and so on
	Shows string   `json:"shows"` // the promise, in a few words
	Tests []string `json:"tests"` // that show it: FOLDER/TestName, seen from test/e2e; the folder may be "."
	Real  string   `json:"real"`  // what is as in production
	Not   string   `json:"not"`   // what is not, and what could not be shown here
}

//go:embed proofs.yaml
var list []byte

// All returns the proofs in their order. It fails when one is incomplete or there twice.
func All() ([]Proof, error) {
	var all []Proof
	if err := yaml.UnmarshalStrict(list, &all); err != nil {
		return nil, fmt.Errorf("cannot read the list of proofs: %w", err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.ID == "" || p.Shows == "" || p.Real == "" || p.Not == "" || len(p.Tests) == 0 {
			return nil, fmt.Errorf("cannot use proof %q: it lacks a field", p.ID)
		}
		if seen[p.ID] {
			return nil, fmt.Errorf("cannot use proof %q: it is there twice", p.ID)
		}
		seen[p.ID] = true
	}
	return all, nil
}

// Outcome is how a proof went: the worst of its tests.
type Outcome int

// From best to worst.
const (
	Passed Outcome = iota
	Skipped
	NotRun
	Failed
)

func (o Outcome) String() string {
	return [...]string{"passed", "skipped", "not run", "FAILED"}[o]
}

// Result is how a test or a proof went, and how long it took.
type Result struct {
	Outcome Outcome
	Seconds float64
}

// Results are those of tests, by FOLDER/TestName.
type Results map[string]Result

// Of returns how a proof went.
func (r Results) Of(p Proof) Result {
	var sum Result
	for _, test := range p.Tests {
		one := r.test(test)
		sum.Outcome = max(sum.Outcome, one.Outcome)
		sum.Seconds += one.Seconds
	}
	return sum
}

// test returns how one test went.
func (r Results) test(name string) Result {
	if one, ran := r[name]; ran {
		return one
	}
	return Result{Outcome: NotRun}
}
