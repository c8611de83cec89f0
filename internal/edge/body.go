package edge

import (
	"errors"
	"io"
	"time"
)

// body is that of a request. The time a client may take for it ends with it, since the
// same deadline would otherwise end the stream that is the answer. After any other error
// the deadline stays: net/http tries to read the rest before it answers.
type body struct {
	io.ReadCloser

	x *exchange
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.x.rc.SetReadDeadline(time.Time{})
	}
	return n, err //nolint:wrapcheck // an io.Reader hands on what it is told, io.EOF above all
}
