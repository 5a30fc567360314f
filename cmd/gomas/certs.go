package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// certsCommand makes and checks certificates.
type certsCommand struct {
	Make  certsMakeCommand  `cmd:"" help:"Make an authority, and certificates that it signs."`
	Check certsCheckCommand `cmd:"" help:"Check a certificate, its key, and the authority."`
}

const (
	day = 24 * time.Hour

	// maxDays is as long as a certificate may be good: a century. A Duration
	// holds less than three.
	maxDays = 36500
)

// certsMakeCommand makes an authority, unless there is one, and a certificate
// for each device.
type certsMakeCommand struct {
	Devices []string `arg:"" name:"hosts" help:"For each device, the names and addresses by which others dial it, separated by commas."`
	Dir     string   `default:"certs" help:"Where the files are, and where they go."`
	Days    int      `default:"365" help:"How long the certificates are good."`
	CADays  int      `name:"ca-days" default:"3650" help:"How long the authority is good, if it is a new one."`
	Force   bool     `help:"Make certificates that there are already anew."`
}

func (*certsMakeCommand) Help() string {
	return `Writes ca.pem and ca-key.pem, the authority, unless they are there already, and for each device NAME.pem and NAME-key.pem, where NAME is the first of its hosts. Give each device ca.pem and its own two files, and keep ca-key.pem to yourself: whoever has it can make certificates that all devices trust.

A certificate is good for both ends of a connection, as aiomas needs it, and valid for the hosts it was made for, and localhost if that is among them.

Examples:

    gomas certs make localhost,127.0.0.1
    gomas certs make --dir /etc/grid --days 90 plant1.example,10.0.0.7 plant2.example
    gomas container tcp://localhost:5555 --ca certs/ca.pem --cert certs/localhost.pem --key certs/localhost-key.pem`
}

// Run implements the command.
func (c *certsMakeCommand) Run(env *environment) error {
	if c.Days < 1 || c.Days > maxDays || c.CADays < 1 || c.CADays > maxDays {
		return usageError("", "--days and --ca-days must be from 1 to %d", maxDays)
	}
	requests := make([][]string, len(c.Devices))
	for i, device := range c.Devices {
		for host := range strings.SplitSeq(device, ",") {
			if err := checkHost(host); err != nil {
				return err
			}
			requests[i] = append(requests[i], host)
		}
		if err := checkName(requests[i][0]); err != nil {
			return err
		}
	}
	now := time.Now()
	ca, made, err := openAuthority(c.Dir, now, time.Duration(c.CADays)*day)
	if err != nil {
		return err
	}
	if made {
		env.printf("%s, %s: a new authority, until %s\n", ca.certFile, ca.keyFile, date(ca.cert.NotAfter))
	}
	for _, hosts := range requests {
		d, err := ca.issue(c.Dir, hosts, now, time.Duration(c.Days)*day, c.Force)
		if err != nil {
			return err
		}
		env.printf("%s, %s: for %s, until %s\n", d.certFile, d.keyFile, strings.Join(hosts, ", "), date(d.cert.NotAfter))
	}
	return nil
}

// certsCheckCommand says what is wrong with certificates.
type certsCheckCommand struct {
	CA     string   `name:"ca" required:"" placeholder:"FILE" help:"The certificates of the authorities."`
	Cert   string   `required:"" placeholder:"FILE" help:"The certificate to check."`
	Key    string   `placeholder:"FILE" help:"Its private key."`
	Hosts  []string `arg:"" optional:"" name:"host" help:"Names and addresses that it must be valid for."`
	Within int      `default:"30" placeholder:"DAYS" help:"A certificate that ends within so many days is a problem."`
}

func (*certsCheckCommand) Help() string {
	return `Checks what an aiomas or gomas peer would, and some more: that the certificate is signed by the authority, good for both ends of a connection, valid now and for some time to come, for the hosts given; that the key is the certificate's, and that only its owner may read it. The exit code is 1 if there is a problem.

Examples:

    gomas certs check --ca certs/ca.pem --cert certs/localhost.pem --key certs/localhost-key.pem localhost`
}

// Run implements the command.
func (c *certsCheckCommand) Run(env *environment) error {
	if c.Within < 0 || c.Within > maxDays {
		return usageError("", "--within must be from 0 to %d", maxDays)
	}
	check, err := c.load()
	if err != nil {
		return err
	}
	problems := 0
	for _, finding := range check.findings(time.Now()) {
		mark := "ok     "
		if finding.bad {
			mark = "PROBLEM"
			problems++
		}
		env.printf("%s  %s\n", mark, printable(finding.text))
	}
	switch problems {
	case 0:
		return nil
	case 1:
		return &failure{codeFailed, fmt.Errorf("there is a problem with %s", filepath.Base(c.Cert)), ""}
	}
	return &failure{codeFailed, fmt.Errorf("there are %d problems with %s", problems, filepath.Base(c.Cert)), ""}
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
