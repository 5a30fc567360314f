// Package testcert makes certificates for tests: an authority, and what it
// signs, in files.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority with a name and a key of its own.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{key: newKey(t)}
	a.cert = sign(t, &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-48 * time.Hour),
		NotAfter:              time.Now().Add(48 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, a.key, nil, a.key)
	return a
}

// Files are the names of PEM files: the certificates of authorities to trust,
// a certificate, and its key.
type Files struct{ CA, Cert, Key string }

// Issue writes a certificate that is good for some hours, for both roles and
// for these hosts, which are names or IP addresses.
func (a *Authority) Issue(t testing.TB, hosts ...string) Files {
	t.Helper()
	return a.issue(t, time.Now().Add(24*time.Hour), hosts)
}

// IssueExpired is Issue for a certificate that was good until an hour ago.
func (a *Authority) IssueExpired(t testing.TB, hosts ...string) Files {
	t.Helper()
	return a.issue(t, time.Now().Add(-time.Hour), hosts)
}

func (a *Authority) issue(t testing.TB, until time.Time, hosts []string) Files {
	t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "one of " + a.cert.Subject.CommonName},
		NotBefore:   time.Now().Add(-24 * time.Hour),
		NotAfter:    until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	key := newKey(t)
	cert := sign(t, template, key, a.cert, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Files{
		CA:   write(t, dir, "ca.pem", "CERTIFICATE", a.cert.Raw),
		Cert: write(t, dir, "cert.pem", "CERTIFICATE", cert.Raw),
		Key:  write(t, dir, "key.pem", "PRIVATE KEY", der),
	}
}

// Replace moves other files over f, one after another.
func (f Files) Replace(t testing.TB, by Files) {
	t.Helper()
	for _, r := range [][2]string{{by.CA, f.CA}, {by.Cert, f.Cert}, {by.Key, f.Key}} {
		if err := os.Rename(r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate for key. Without a parent it signs itself.
func sign(t testing.TB, template *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func write(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
