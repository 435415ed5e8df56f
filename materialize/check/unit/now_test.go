package unit

import (
	"fmt"
	"strings"
	"testing"
)

// What each function of the moment answers at 2024-01-02 08:09:10.5 UTC.
var frozen = map[string]string{
	"now()": "2024-01-02 08:09:10.5+00", "current_timestamp": "2024-01-02 08:09:10.5+00", "CURRENT_TIMESTAMP": "2024-01-02 08:09:10.5+00",
	"get_current_timestamp()": "2024-01-02 08:09:10.5+00", "transaction_timestamp()": "2024-01-02 08:09:10.5+00",
	"localtimestamp": "2024-01-02 08:09:10.5", "current_localtimestamp()": "2024-01-02 08:09:10.5",
	"current_date": "2024-01-02", "current_date()": "2024-01-02", "today()": "2024-01-02",
	"current_time": "08:09:10.5+00", "get_current_time()": "08:09:10.5+00", "localtime": "08:09:10.5", "current_localtime()": "08:09:10.5",
	"ago(interval 1 hour)": "2024-01-02 07:09:10.5+00", "age(timestamp '2024-01-01 12:00:00')": "12:00:00", "age(timestamp '2024-01-03', timestamp '2024-01-01')": "2 days",
}

func TestFrozenNow(t *testing.T) {
	var text strings.Builder
	contexts := []string{
		"select %s as v",
		"with w as (select %s as v) select v from w",
		"with w as materialized (select (select max(v) from (select %s as v) s) as v) from w",
		"select unnest(list_transform([1], lambda x: %s)) as v",
		"select v from (select %[1]s as v, 1 as one) where %[1]s = v group by all having max(%[1]s) = v",
	}
	n := 0
	for call := range frozen {
		for _, context := range contexts {
			n++
			fmt.Fprintf(&text, "asset \"a.t%d\" {\nsql = <<-SQL\n%s\nSQL\n}\n", n, fmt.Sprintf(strings.ReplaceAll(context, "%s", "%[1]s"), call))
			fmt.Fprintf(&text, "test %q {\n asset = \"a.t%d\"\n now = \"2024-01-02T09:09:10.5+01:00\"\n expect { rows = [{ v = %q }] }\n}\n", fmt.Sprint(call, " ", n), n, frozen[call])
		}
		// Its type is that of the function when the clock goes, and then the clock goes.
		n++
		fmt.Fprintf(&text, "asset \"a.t%d\" {\nsql = <<-SQL\nselect typeof(%s) as v, 1 as one\nSQL\n}\n", n, call)
		for i, now := range []string{"", "now = \"2024-01-02\"\n", ""} {
			fmt.Fprintf(&text, "test \"%d %d\" {\n asset = \"a.t%d\"\n %sexpect { sql = \"select typeof(%s) as v\" }\n}\n", n, i, n, now, strings.ReplaceAll(call, `"`, `\"`))
		}
	}
	p := load(t, map[string]string{"raw.t": "a BIGINT"}, text.String())
	for _, o := range p.run(t, 2) {
		if !o.Passed() {
			t.Errorf("%s: %s", o.Test.Name, describe(o))
		}
	}
}

// A test without `now` runs with the clock, also after one with it on the same worker.
func TestTheClockGoesOn(t *testing.T) {
	test := func(name, now string, frozen bool) string {
		return fmt.Sprintf("test %q {\n asset = \"a.t\"\n%s expect { rows = [{ v = %t }] }\n}\n", name, now, frozen)
	}
	p := load(t, map[string]string{"raw.t": "a BIGINT"}, `asset "a.t" { sql = "select current_date = date '2024-01-02' and now() < timestamptz '2024-01-03' as v" }`+"\n"+
		test("1", "", false)+test("2", "now = \"2024-01-02\"\n", true)+test("3", "now = \"2024-01-02\"\n", true)+test("4", "now = \"2025-01-02\"\n", false)+test("5", "", false))
	for _, o := range p.run(t, 1) {
		if !o.Passed() {
			t.Errorf("%s: %s", o.Test.Name, describe(o))
		}
	}
}

func TestIsMoment(t *testing.T) {
	for function, want := range map[string]bool{"now": true, "current_date": true, "ago": true, "random": false, "uuid": false} {
		if IsMoment(function) != want {
			t.Errorf("%s: %t", function, !want)
		}
	}
}
