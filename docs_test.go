package gomas_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gomas/gomas/internal/guide"
)

func TestTheGoCodeOfTheGuideIsThatOfTheExamples(t *testing.T) {
	for _, g := range []struct {
		guide    string
		least    int
		examples []string
	}{
		{"agents", 12, []string{"example_guide_test.go"}},
		{"from-aiomas", 7, []string{"example_guide_aiomas_test.go"}},
		{"machines", 4, []string{"example_guide_machines_test.go"}},
		{"python", 3, []string{"example_guide_python_test.go"}},
		{"testing", 7, []string{"example_guide_testing_test.go", "channel/main_test.go"}},
		{"tls", 4, []string{"example_guide_tls_test.go"}},
	} {
		guide.Check(t, "docs/"+g.guide+".md", g.least, g.examples...)
	}
}

var (
	links    = regexp.MustCompile(`\]\(([^)\s]*)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	code     = regexp.MustCompile("(?ms)^```.*?^```$")
	odd      = regexp.MustCompile(`[^\pL\pN _-]`)
	inline   = regexp.MustCompile("`[^`\n]*`")
	sources  = regexp.MustCompile("`([a-z/]+\\.go)`")
)

// text returns a page without its blocks of code.
func text(t *testing.T, page string) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return code.ReplaceAllString(string(b), "")
}

// anchors are what links lead to inside a page.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	all := map[string]bool{"": true}
	for _, h := range headings.FindAllStringSubmatch(text(t, page), -1) {
		all[strings.ReplaceAll(odd.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
	}
	return all
}

func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	pages, err := fs.Glob(os.DirFS("."), "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md") {
		for _, link := range links.FindAllStringSubmatch(inline.ReplaceAllString(text(t, page), ""), -1) {
			file, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			n++
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if strings.HasSuffix(target, ".md") && !anchors(t, target)[anchor] {
				t.Errorf("%s: no heading in %s is #%s", page, target, anchor)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d links", n)
	}
}

func TestTheSourcesThatAGuideNamesAreThere(t *testing.T) {
	found := sources.FindAllStringSubmatch(text(t, "docs/inside.md"), -1)
	for _, file := range found {
		if _, err := os.Stat(file[1]); err != nil {
			t.Error(err)
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d", len(found))
	}
}
