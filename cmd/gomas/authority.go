package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// issued is a certificate with its key, and the files that hold them.
type issued struct {
	cert              *x509.Certificate
	key               crypto.Signer
	certFile, keyFile string
}

// authority signs the certificates of devices.
type authority struct{ issued }

const (
	certEnding = ".pem"
	keyEnding  = "-key.pem"
	caName     = "ca"
)

// openAuthority reads the authority in a directory, or makes one if there is
// none.
func openAuthority(dir string, now time.Time, lasting time.Duration) (a *authority, made bool, err error) {
	a = &authority{issued{certFile: filepath.Join(dir, caName+certEnding), keyFile: filepath.Join(dir, caName+keyEnding)}}
	_, noCert := os.Stat(a.certFile)
	_, noKey := os.Stat(a.keyFile)
	switch {
	case noCert == nil && noKey == nil:
		return a, false, a.read(now)
	case errors.Is(noCert, fs.ErrNotExist) && errors.Is(noKey, fs.ErrNotExist):
		return a, true, a.make(dir, now, lasting)
	case noCert == nil && errors.Is(noKey, fs.ErrNotExist):
		return nil, false, usageError("sign on the machine that has the key, or use another --dir for a new authority", "%s is there, but not its key %s", a.certFile, a.keyFile)
	}
	return nil, false, usageError("", "the authority in %s cannot be used: %w", dir, errors.Join(noCert, noKey))
}

func (a *authority) read(now time.Time) error {
	pair, err := tls.LoadX509KeyPair(a.certFile, a.keyFile)
	if err != nil {
		return usageError("", "the authority %s, %s: %w", a.certFile, a.keyFile, err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	switch {
	case !ok || !pair.Leaf.IsCA:
		return usageError("", "%s is not the certificate of an authority", a.certFile)
	case now.After(pair.Leaf.NotAfter):
		return usageError("use another --dir for a new authority", "the authority %s was good until %s", a.certFile, date(pair.Leaf.NotAfter))
	}
	a.cert, a.key = pair.Leaf, signer
	return nil
}

func (a *authority) make(dir string, now time.Time, lasting time.Duration) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usageError("", "%w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "gomas authority of " + date(now)},
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return a.create(template, now, lasting, nil)
}

// issue makes a certificate for a device, and writes it and its key.
func (a *authority) issue(dir string, hosts []string, now time.Time, lasting time.Duration, force bool) (*issued, error) {
	name := strings.ReplaceAll(strings.ReplaceAll(hosts[0], ":", "_"), "*", "any")
	d := &issued{certFile: filepath.Join(dir, name+certEnding), keyFile: filepath.Join(dir, name+keyEnding)}
	for _, file := range []string{d.certFile, d.keyFile} {
		if _, err := os.Stat(file); err == nil && !force {
			return nil, usageError("--force makes it anew", "%s is there already", file)
		}
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: hosts[0]},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	if left := a.cert.NotAfter.Sub(now); lasting > left {
		lasting = left // longer would be good for nothing
	}
	return d, d.create(template, now, lasting, a)
}

// create makes a key and a certificate for it, which by signs, or itself if by
// is nil, and writes both.
func (d *issued) create(template *x509.Certificate, now time.Time, lasting time.Duration, by *authority) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// The clocks of devices differ.
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(lasting)
	parent, signer := template, crypto.Signer(key)
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return err
	}
	if d.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	d.key = key
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(d.keyFile, 0o600, "PRIVATE KEY", secret); err != nil {
		return usageError("", "%w", err)
	}
	if err := writePEM(d.certFile, 0o644, "CERTIFICATE", der); err != nil {
		return usageError("", "%w", err)
	}
	return nil
}

// writePEM writes a file under another name first, so that whoever looks
// meanwhile finds the old contents or the new ones.
func writePEM(name string, mode os.FileMode, kind string, der []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(f.Chmod(mode), pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// checkName returns an error for the first host of a device if its files would
// take the places of others.
func checkName(host string) error {
	name := strings.ToLower(host)
	if name == caName || strings.HasSuffix(name+certEnding, keyEnding) {
		return usageError("begin with another name or address of the device", "the files of %s would have the names of others", host)
	}
	return nil
}

// checkHost returns an error for what is no name and no address of a host.
func checkHost(host string) error {
	if net.ParseIP(host) != nil {
		return nil
	}
	ok := host != "" && len(host) <= 253
	for i, label := range strings.Split(host, ".") {
		ok = ok && label != "" && len(label) <= 63 && (i == 0 && label == "*" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == "")
	}
	if !ok {
		return usageError("a device is dialled by names or IP addresses: plant1.example,10.0.0.7", "%s is no host", fmt.Sprintf("%q", host))
	}
	return nil
}
