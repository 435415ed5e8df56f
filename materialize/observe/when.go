package observe

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// waitFor returns what keeps a new version of a source from being taken, the first
// that does; empty: nothing. again is when that changes; zero: nobody knows. A
// condition that cannot be evaluated is an error.
func (o *Observer) waitFor(ctx context.Context, conditions []assets.Condition) (why string, again time.Time, err error) {
	for _, c := range conditions {
		switch {
		case c.SQL.Text != "":
			why, err = o.waitForSQL(ctx, c)
		case c.File != "":
			why, err = waitForFile(c)
		case c.Request != nil:
			why, err = o.waitForAnswer(ctx, c)
		default:
			why, again, err = o.waitForWindow(c)
		}
		if err != nil {
			return "", time.Time{}, fmt.Errorf("its condition at %s:%d cannot be evaluated: %w", c.Decl.Filename, c.Decl.Start.Line, err)
		}
		if why != "" {
			return why, again, nil
		}
	}
	return "", time.Time{}, nil
}

// longestQuery is how long the SQL of a condition may run.
const longestQuery = 30 * time.Second

func (o *Observer) waitForSQL(ctx context.Context, c assets.Condition) (string, error) {
	within, cancel := context.WithTimeout(ctx, longestQuery)
	defer cancel()
	holds, err := o.Ask(within, c.SQL.Text)
	switch {
	case err != nil && within.Err() != nil && ctx.Err() == nil:
		return "", fmt.Errorf("its query takes longer than %s", longestQuery)
	case err != nil || holds:
		return "", err
	}
	return fmt.Sprintf("waits for the condition at %s:%d: the query does not yield true", c.Decl.Filename, c.Decl.Start.Line), nil
}

func waitForFile(c assets.Condition) (string, error) {
	matches, err := matches(c.Dir, c.File)
	if err != nil || len(matches) > 0 {
		return "", err
	}
	return "waits for the file " + c.File, nil
}

func (o *Observer) waitForAnswer(ctx context.Context, c assets.Condition) (string, error) {
	within, cancel := context.WithTimeout(ctx, c.Request.Timeout)
	defer cancel()
	response, err := o.get(within, *c.Request, nil)
	if err != nil {
		return "", fmt.Errorf("%s cannot be reached: %w", c.Request.Shown, failure(ctx, within, *c.Request, err))
	}
	response.Body.Close()
	code := response.StatusCode
	if code == c.Status || c.Status == 0 && code/100 == 2 {
		return "", nil
	}
	want := "success"
	if c.Status != 0 {
		want = status(c.Status)
	}
	return fmt.Sprintf("waits for %s to answer with %s: it answers %s", c.Request.Shown, want, status(code)), nil
}

// waitForWindow looks at the clock on the wall: a window of each day may be an hour
// shorter or longer when that is set.
func (o *Observer) waitForWindow(c assets.Condition) (string, time.Time, error) {
	name := c.Timezone
	if name == "" {
		name = o.Timezone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return "", time.Time{}, err
	}
	now := o.Now.In(zone)
	since := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	inside := c.From <= since && since < c.To
	if c.From > c.To {
		inside = since >= c.From || since < c.To
	}
	if inside {
		return "", time.Time{}, nil
	}
	opens := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, int(c.From.Hours()), int(c.From.Minutes())%60, 0, 0, zone)
	}
	next := opens(0)
	if !next.After(now) {
		next = opens(1)
	}
	return fmt.Sprintf("waits for %s (%s)", next.Format("15:04"), zone), next.UTC(), nil
}

func status(code int) string {
	if text := http.StatusText(code); text != "" {
		return fmt.Sprintf("%d %s", code, text)
	}
	return fmt.Sprint(code)
}
