package install

import (
	"strings"
	"sync"
)

// words are values of Secrets, which nobody may read in an error: what refuses a value,
// such as the schema of a chart, may repeat it.
type words struct {
	mu  sync.Mutex
	all []string
}

// shortest of the words that are looked for: shorter ones are in every text.
const shortest = 4

func (w *words) add(word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(word) >= shortest {
		w.all = append(w.all, word)
	}
}

// discreet is an error without these words; what it wraps can still be told apart.
func (w *words) discreet(err error) error {
	if err == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	text := err.Error()
	for _, word := range w.all {
		text = strings.ReplaceAll(text, word, hiddenValue)
	}
	if text == err.Error() {
		return err
	}
	return &discreetError{text, err}
}

type discreetError struct {
	text  string
	cause error
}

func (e *discreetError) Error() string { return e.text }
func (e *discreetError) Unwrap() error { return e.cause }
