package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

const plannedTable = `
CREATE TABLE _assets.planned (environment VARCHAR NOT NULL, asset VARCHAR NOT NULL, what VARCHAR NOT NULL, digest VARCHAR NOT NULL, since TIMESTAMPTZ NOT NULL);
`

// runOverhead is how long a run may take besides its builds: to look at sources, open
// the file, make the publish durable. A build that began just in time by its own
// duration would be late by that.
const runOverhead = 5 * time.Second

// readLogs reads what tells how far behind the published versions are: the logs of
// sources, versions that are read although newer ones are published, since when
// schedules are planned with, and how long builds take.
func (db *DB) readLogs(ctx context.Context, c *Conn, state *planner.State) error {
	state.Overhead = runOverhead
	if err := c.earlier(ctx, state); err != nil {
		return fmt.Errorf("read earlier versions: %w", err)
	}
	var err error
	if state.Arrivals, err = c.arrivals(ctx, *state); err != nil {
		return fmt.Errorf("read when versions of sources arrived: %w", err)
	}
	if state.Estimates, err = c.estimates(ctx); err != nil {
		return fmt.Errorf("read how long builds took: %w", err)
	}
	if db.version < 3 {
		return nil
	}
	state.Planned, err = c.planned(ctx)
	return err
}

// earlier fills in the records of versions that are read and no longer published.
func (c *Conn) earlier(ctx context.Context, state *planner.State) error {
	state.Earlier = map[planner.Made]planner.Materialization{}
	for unread := state.Unread(); len(unread) > 0; unread = state.Unread() {
		pairs := make([]string, len(unread))
		for i, made := range unread {
			pairs[i] = "(" + Literal(made.Asset.String()) + "," + Literal(string(made.Version)) + ")"
		}
		rows, err := c.Query(ctx, `SELECT arg_max(record, id) FROM _assets.materializations SEMI JOIN (VALUES `+strings.Join(pairs, ",")+`) AS u(asset, version) USING (asset, version)
			WHERE environment = ? AND status IN ('published', 'unchanged', 'revalidated') GROUP BY asset, version`, Environment)
		if err != nil {
			return err
		}
		records, err := scanRecords(rows)
		if err != nil {
			return err
		}
		if len(records) == 0 { // the rest is not known any more
			return nil
		}
		for _, m := range records {
			state.Earlier[planner.Made{Asset: m.Asset, Version: m.Made.ID}] = m
		}
	}
	return nil
}

// arrivals reads the log of each source from the oldest version on that a record
// read: whole, if one of these is not in it; the newest one, if none was read.
func (c *Conn) arrivals(ctx context.Context, state planner.State) (map[assets.Name][]planner.Arrival, error) {
	return c.readArrivals(ctx, "WITH "+arrivalsRead(state)+" SELECT log.source, log.version, log.arrived "+fromArrivalsRead+" ORDER BY log.place")
}

// arrivalsRead are common table expressions for fromArrivalsRead, which yields the
// entries that [Conn.arrivals] reads.
func arrivalsRead(state planner.State) string {
	read := map[string]bool{}
	add := func(m planner.Materialization) {
		for input, r := range m.Reads {
			read["("+Literal(input.String())+","+Literal(string(r.Version))+")"] = true
		}
	}
	for _, m := range state.Last {
		add(m)
	}
	for _, m := range state.Earlier {
		add(m)
	}
	pairs := make([]string, 0, len(read)+1)
	for pair := range read {
		pairs = append(pairs, pair)
	}
	slices.Sort(pairs)
	pairs = append(pairs, "('', '')")
	return `log AS (SELECT source, version, arrived, rowid AS place FROM _assets.observations),
		read(source, version) AS (VALUES ` + strings.Join(pairs, ",") + `),
		latest AS (SELECT source, version, max(place) AS place FROM log GROUP BY ALL),
		oldest AS (SELECT source, min(coalesce(latest.place, -1)) AS place FROM read LEFT JOIN latest USING (source, version) GROUP BY source),
		newest AS (SELECT source, max(place) AS place FROM log GROUP BY source)`
}

const fromArrivalsRead = `FROM log JOIN newest USING (source) LEFT JOIN oldest USING (source) WHERE log.place >= coalesce(oldest.place, newest.place)`

// readArrivals reads logs of sources. The query yields source, version and arrived, the oldest first.
func (c *Conn) readArrivals(ctx context.Context, query string) (map[assets.Name][]planner.Arrival, error) {
	logs := map[assets.Name][]planner.Arrival{}
	err := c.each(ctx, query, func(scan func(...any) error) error {
		var source string
		var a planner.Arrival
		if err := scan(&source, &a.ID, &a.Arrived); err != nil {
			return err
		}
		name, err := assets.ParseName(source)
		a.Arrived = a.Arrived.UTC()
		logs[name] = append(logs[name], a)
		return err
	})
	return logs, err
}

// estimates are the 95th percentiles of how long the last builds of each asset took.
func (c *Conn) estimates(ctx context.Context) (map[assets.Name]time.Duration, error) {
	out := map[assets.Name]time.Duration{}
	err := c.each(ctx, `SELECT asset, round(quantile_cont(took, 0.95))::BIGINT FROM (
			SELECT asset, epoch_us(ended) - epoch_us(began) AS took FROM _assets.materializations
			WHERE environment = '`+Environment+`' AND status IN ('published', 'unchanged')
			QUALIFY row_number() OVER (PARTITION BY asset ORDER BY id DESC) <= `+fmt.Sprint(keptBuilds)+`) GROUP BY asset`,
		func(scan func(...any) error) error {
			var asset string
			var us int64
			if err := scan(&asset, &us); err != nil {
				return err
			}
			name, err := assets.ParseName(asset)
			out[name] = time.Duration(us) * time.Microsecond
			return err
		})
	return out, err
}

func (c *Conn) planned(ctx context.Context) (map[planner.Planned]time.Time, error) {
	out := map[planner.Planned]time.Time{}
	err := c.each(ctx, `SELECT asset, what, digest, min(since) FROM _assets.planned WHERE environment = '`+Environment+`' GROUP BY ALL`,
		func(scan func(...any) error) error {
			var asset string
			var p planner.Planned
			var since time.Time
			if err := scan(&asset, &p.What, &p.Digest, &since); err != nil {
				return err
			}
			var err error
			p.Asset, err = assets.ParseName(asset)
			out[p] = since.UTC()
			return err
		})
	return out, err
}

// Plan records since when schedules and policies are planned with.
func (db *DB) Plan(ctx context.Context, since map[planner.Planned]time.Time) error {
	if len(since) == 0 {
		return nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	keys := make([]planner.Planned, 0, len(since))
	for p := range since {
		keys = append(keys, p)
	}
	slices.SortFunc(keys, planner.Planned.Compare)
	return c.transaction(ctx, func() error {
		return c.appendRows("planned", len(keys), func(i int) ([]any, error) {
			p := keys[i]
			return []any{Environment, p.Asset.String(), p.What, string(p.Digest), since[p].UTC()}, nil
		})
	})
}
