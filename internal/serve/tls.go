package serve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// transport reads the certificates as Crossplane mounts them: tls.crt and
// tls.key of the server, and ca.crt, which has to have signed those of clients.
func transport(o Options) (credentials.TransportCredentials, error) {
	if o.Insecure {
		return insecure.NewCredentials(), nil
	}
	if o.TLSCertsDir == "" {
		return nil, errors.New("cannot serve without certificates: give --tls-server-certs-dir, or --insecure for development")
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(o.TLSCertsDir, "tls.crt"), filepath.Join(o.TLSCertsDir, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificate in %q: %w", o.TLSCertsDir, err)
	}
	file := filepath.Join(o.TLSCertsDir, "ca.crt")
	ca, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA of clients: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("cannot use the CA of clients in %q: it holds no certificate", file)
	}
	return credentials.NewTLS(&tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}), nil
}
