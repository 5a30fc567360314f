package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// TLS secures connections, in one of two ways.
//
// With CA, Cert and Key, the names of PEM files, both ends present a
// certificate and require one of the other that is signed by an authority in
// CA, as Python's aiomas does. The dialling end also checks that the
// certificate of the other is for the host that it dialled, by its subject
// alternative names; over a Unix socket, the host is localhost. A certificate
// whose use is restricted must be good for servers and clients. TLS is 1.3,
// or 1.2 with ECDHE and AES-GCM.
//
// The files are looked at for each new connection, and read again if they
// have changed, so certificates can be renewed, and authorities exchanged, in
// a running process. Connections that exist are not affected. As long as the
// new files cannot be used, half-written ones for example, the old contents
// stay in use, and [Options.Logger] is told. It is best to write new files
// elsewhere and rename them.
//
// With Client and Server, configurations of the user's own, all of that is up
// to them. Only the role that is used must be there. If Client has no
// ServerName, it is the host that is dialled.
//
// A TLS may be used for any number of connections and listeners at the same
// time. It must not be changed or copied once it is in use.
type TLS struct {
	CA   string // certificates of the authorities to trust
	Cert string // our certificate, then those that lead from it to an authority
	Key  string // the private key of our certificate

	Client *tls.Config // for dialling
	Server *tls.Config // for listening

	mu     sync.Mutex
	loaded *credentials // what the files held when they were good, nil before
	broken string       // what is wrong with newer files, as it was logged
}

// credentials are the contents of the files.
type credentials struct {
	files          [3]os.FileInfo // as they were before reading
	client, server *tls.Config
}

// client returns the configuration to dial host with.
func (t *TLS) client(host string, log *slog.Logger) (*tls.Config, error) {
	own, err := t.own()
	if err != nil {
		return nil, err
	}
	config := t.Client
	if !own {
		c, err := t.current(log)
		if err != nil {
			return nil, err
		}
		config = c.client
	} else if config == nil {
		return nil, errors.New("TLS: Client is not set, which is for dialling")
	}
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = host
	}
	return config, nil
}

// server returns the configuration to accept a connection with.
func (t *TLS) server(log *slog.Logger) (*tls.Config, error) {
	own, err := t.own()
	if err != nil {
		return nil, err
	}
	if !own {
		c, err := t.current(log)
		if err != nil {
			return nil, err
		}
		return c.server, nil
	}
	c := t.Server
	if c == nil {
		return nil, errors.New("TLS: Server is not set, which is for listening")
	}
	if len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil {
		return nil, errors.New("TLS: Server has no certificate")
	}
	return c, nil
}

// own reports whether the user brings configurations along.
func (t *TLS) own() (bool, error) {
	named := t.CA != "" || t.Cert != "" || t.Key != ""
	if t.Client != nil || t.Server != nil {
		if named {
			return false, errors.New("TLS: there are both files and configurations; want one of the two")
		}
		return true, nil
	}
	for _, f := range []struct{ what, name string }{{"CA", t.CA}, {"Cert", t.Cert}, {"Key", t.Key}} {
		if f.name == "" {
			return false, fmt.Errorf("TLS: %s is not set; want the names of three files, CA, Cert and Key", f.what)
		}
	}
	return false, nil
}

// current returns what the files hold, or held when they were last good.
func (t *TLS) current(log *slog.Logger) (*credentials, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	files, err := t.stat()
	if err == nil && t.loaded != nil && same(files, t.loaded.files) {
		t.broken = ""
		return t.loaded, nil
	}
	var c *credentials
	if err == nil {
		c, err = t.load()
	}
	switch {
	case err == nil:
		c.files = files
		t.loaded, t.broken = c, ""
	case t.loaded == nil:
		return nil, fmt.Errorf("TLS: %w", err)
	case err.Error() != t.broken:
		t.broken = err.Error()
		if log != nil {
			log.Warn("the new TLS files cannot be used; the old ones stay in use", "error", err)
		}
	}
	return t.loaded, nil
}

func (t *TLS) stat() (files [3]os.FileInfo, err error) {
	for i, name := range []string{t.CA, t.Cert, t.Key} {
		if files[i], err = os.Stat(name); err != nil {
			return files, err
		}
	}
	return files, nil
}

func same(a, b [3]os.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()) {
			return false
		}
	}
	return true
}

func (t *TLS) load() (*credentials, error) {
	_, authorities, err := readCertificates(t.CA)
	if err != nil {
		return nil, fmt.Errorf("bad CA: %w", err)
	}
	pool := x509.NewCertPool()
	for _, a := range authorities {
		pool.AddCert(a)
	}
	certPEM, _, err := readCertificates(t.Cert)
	if err != nil {
		return nil, fmt.Errorf("bad Cert: %w", err)
	}
	keyPEM, err := os.ReadFile(t.Key)
	if err != nil {
		return nil, fmt.Errorf("bad Key: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("bad Key: %s with %s: %w", t.Key, t.Cert, err)
	}
	// The suites of TLS 1.3 are always there.
	suites := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
	return &credentials{
		client: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			CipherSuites: suites,
			RootCAs:      pool,
			// Certificates would be held back from a server that does not
			// name their authority, which then could only say that there is
			// none, not what is wrong with it.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
		},
		server: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			CipherSuites: suites,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    pool,
			Certificates: []tls.Certificate{pair},
			// A session that is taken up again would skip the check of the
			// certificate. Connections last, so nothing is gained by that.
			SessionTicketsDisabled: true,
		},
	}, nil
}

// readCertificates reads a PEM file, of which every part must be good: one
// that is being written is not to pass for a short one.
func readCertificates(name string) (raw []byte, certs []*x509.Certificate, err error) {
	raw, err = os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	parts := 0
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		parts++
		if block.Type != "CERTIFICATE" {
			continue // people keep keys and parameters in the same file
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: certificate %d: %w", name, len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	switch {
	case parts < bytes.Count(raw, []byte("-----BEGIN ")):
		return nil, nil, fmt.Errorf("%s: a part of it is not complete", name)
	case len(certs) == 0:
		return nil, nil, fmt.Errorf("%s: holds no certificate in PEM form", name)
	}
	return raw, certs, nil
}
