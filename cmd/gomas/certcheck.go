package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// certCheck is a certificate to be checked, with what belongs to it.
type certCheck struct {
	authorities []*x509.Certificate
	chain       []*x509.Certificate // that to be checked, then those that lead to an authority
	key         crypto.PublicKey    // of the private key, nil: none was given
	keyFile     string
	keyMode     os.FileMode
	hosts       []string
	within      time.Duration
}

// finding is a sentence about a certificate.
type finding struct {
	bad  bool
	text string
}

// load reads the files. What cannot be read or is no such file is an error.
func (c *certsCheckCommand) load() (check *certCheck, err error) {
	check = &certCheck{hosts: c.Hosts, within: time.Duration(c.Within) * day, keyFile: c.Key}
	if check.authorities, err = readCertificates(c.CA); err != nil {
		return nil, usageError("", "--ca: %w", err)
	}
	if check.chain, err = readCertificates(c.Cert); err != nil {
		return nil, usageError("", "--cert: %w", err)
	}
	if c.Key == "" {
		return check, nil
	}
	if check.key, check.keyMode, err = readKey(c.Key); err != nil {
		return nil, usageError("", "--key: %w", err)
	}
	return check, nil
}

// findings says what is right and what is wrong at a time.
func (c *certCheck) findings(now time.Time) []finding {
	cert := c.chain[0]
	list := []finding{c.signed(now), c.lasts(cert, "the certificate", now)}
	for _, a := range c.authorities {
		if len(c.authorities) == 1 || cert.CheckSignatureFrom(a) == nil {
			list = append(list, c.lasts(a, "the authority", now))
		}
	}
	list = append(list, c.uses(cert)...)
	list = append(list, c.names(cert)...)
	return append(list, c.keys(cert)...)
}

// signed verifies the signatures at a time at which the certificate is valid:
// lasts says whether that is now.
func (c *certCheck) signed(now time.Time) finding {
	opts := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, a := range c.authorities {
		opts.Roots.AddCert(a)
	}
	for _, between := range c.chain[1:] {
		opts.Intermediates.AddCert(between)
	}
	opts.CurrentTime = now
	if cert := c.chain[0]; now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
		opts.CurrentTime = cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 2)
	}
	if _, err := c.chain[0].Verify(opts); err != nil {
		return finding{true, fmt.Sprintf("it does not lead to the authority: %v", err)}
	}
	return finding{false, fmt.Sprintf("signed by %s", c.chain[0].Issuer)}
}

func (c *certCheck) lasts(cert *x509.Certificate, what string, now time.Time) finding {
	from, until := date(cert.NotBefore), date(cert.NotAfter)
	switch left := cert.NotAfter.Sub(now); {
	case now.Before(cert.NotBefore):
		return finding{true, fmt.Sprintf("%s is not good before %s", what, from)}
	case left < 0:
		return finding{true, fmt.Sprintf("%s was good until %s", what, until)}
	case left < c.within:
		return finding{true, fmt.Sprintf("%s is good until %s, which is in %d days", what, until, int(left/day))}
	}
	return finding{false, fmt.Sprintf("%s is good until %s", what, until)}
}

// uses looks whether the certificate may stand at both ends.
func (c *certCheck) uses(cert *x509.Certificate) []finding {
	if len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	for _, need := range []struct {
		usage x509.ExtKeyUsage
		what  string
	}{{x509.ExtKeyUsageServerAuth, "servers"}, {x509.ExtKeyUsageClientAuth, "clients"}} {
		if !slices.Contains(cert.ExtKeyUsage, need.usage) {
			return []finding{{true, "it is not for " + need.what + ", and agents are both servers and clients"}}
		}
	}
	return []finding{{false, "for servers and clients"}}
}

func (c *certCheck) names(cert *x509.Certificate) []finding {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return []finding{{true, "it is for no host: it has no subject alternative names, and the common name does not count"}}
	}
	list := []finding{{false, "for " + strings.Join(names, ", ")}}
	for _, host := range c.hosts {
		if cert.VerifyHostname(host) != nil {
			list = append(list, finding{true, "it is not for " + host})
		}
	}
	return list
}

func (c *certCheck) keys(cert *x509.Certificate) []finding {
	if c.key == nil {
		return nil
	}
	own, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(c.key) {
		return []finding{{true, "the key is that of another certificate"}}
	}
	list := []finding{{false, "the key is the certificate's"}}
	if runtime.GOOS != "windows" && c.keyMode.Perm()&0o077 != 0 {
		list = append(list, finding{true, fmt.Sprintf("others may read the key: chmod 600 %s", c.keyFile)})
	}
	return list
}

var errNoCertificate = errors.New("there is no certificate in it; want PEM")

// readCertificates reads the certificates in a PEM file, of which there is at
// least one.
func readCertificates(name string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s: %w", name, errNoCertificate)
	}
	return certs, nil
}

// readKey returns the public half of the private key in a PEM file.
func readKey(name string) (crypto.PublicKey, os.FileMode, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, 0, fmt.Errorf("%s: there is no private key in it that can be read; want PEM without a password", name)
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		for _, parse := range []func([]byte) (any, error){
			x509.ParsePKCS8PrivateKey,
			func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
			func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		} {
			if key, err := parse(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer.Public(), info.Mode(), nil
				}
			}
		}
	}
}
