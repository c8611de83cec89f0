package edge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
)

// rereadAfter is how long what was read from a token file is believed. The file is read,
// not watched: a Secret's volume swaps a symbolic link above it, and it is small.
// https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically
const rereadAfter = time.Second

// tokenFile holds the hashes of the tokens in a file.
type tokenFile struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	read   time.Time
	hashes [][sha256.Size]byte
	broken bool
}

func openTokenFile(path string, log *slog.Logger) (*tokenFile, error) {
	hashes, err := readTokens(path)
	if err != nil {
		return nil, err
	}
	return &tokenFile{path: path, log: log, read: time.Now(), hashes: hashes}, nil
}

func readTokens(path string) ([][sha256.Size]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the tokens: %w", err)
	}
	var hashes [][sha256.Size]byte
	for line := range bytes.Lines(raw) {
		if token := bytes.TrimSpace(line); len(token) > 0 {
			hashes = append(hashes, sha256.Sum256(token))
		}
	}
	if len(hashes) == 0 {
		return nil, fmt.Errorf("cannot find a token in %q: it is empty", path)
	}
	return hashes, nil
}

// current returns the hashes, read again if they are old. From a file that is missing or
// empty nobody is let in.
func (f *tokenFile) current() [][sha256.Size]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.read) < rereadAfter {
		return f.hashes
	}
	f.read = time.Now()
	hashes, err := readTokens(f.path)
	switch {
	case err != nil && !f.broken:
		f.log.Error("nobody is let in by the token file", "error", err)
	case err == nil && f.broken:
		f.log.Info("the token file is back", "file", f.path)
	}
	f.hashes, f.broken = hashes, err != nil
	return f.hashes
}

// find returns a name for the owner of a token: part of its hash, so that it can be told
// without telling the token. All tokens are compared, whatever matches, and by their
// hashes, so that time says nothing about any of them.
func (f *tokenFile) find(token string) (name string, found bool) {
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	equal := 0
	for _, known := range f.current() {
		equal |= subtle.ConstantTimeCompare(hash[:], known[:])
	}
	return "token:" + hex.EncodeToString(hash[:6]), equal == 1
}

// verifier accepts the tokens of the file. Whoever has one may do everything, so it is
// given the scopes that others must have.
func (f *tokenFile) verifier(scopes []string) auth.TokenVerifier {
	return func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		name, found := f.find(token)
		if !found {
			return nil, auth.ErrInvalidToken
		}
		return &auth.TokenInfo{UserID: name, Scopes: scopes}, nil
	}
}
