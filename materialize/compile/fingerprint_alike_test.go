package compile

// alike holds groups of statements that mean the same.
var alike = [][]string{
	{ // layout, comments, case, names within
		"select a, b from m.t where c > 1",
		"SELECT a /* the key */, b -- and more\n\tFROM M.T\nWHERE (C) > (1)",
		"select x.a, x.b from m.t as x where x.c > 1",
		`select "a", "b" from "m"."t" "other" where "other"."c" > 1`,
		"from m.t select a, b where c > 1",
		"select * from (select a, b from m.t where c > 1)",
		"(select a, b from m.t where c > 1)",
		"select q.a, q.b from (select a, b from (select * from m.t) where c > 1) q",
		"with x as (select a, b from m.t where c > 1) select a, b from x",
		"with y as not materialized (select a, b from m.t where c > 1), z as (from y) from z",
		"with unused as (select max(k) from m.u), x as (from m.t) select a, b from x where c > 1",
		"select a, b from (select c as z, b, a from m.t) where z > 1",
	},
	{ // order of common table expressions, and whether they are kept
		"with x as (select a from m.t), y as (select b from m.u) select a, b from x, y",
		"with y as (select b from m.u), x as (select a from m.t) select a, b from x, y",
		"with q as materialized (select b from m.u), p as (select a from m.t) select a, b from p, q",
		"select a, b from (select a from m.t) as one, (select b from m.u) as two",
		"select a, b from (select a from m.t) cross join (select b from m.u)",
	},
	{ // a self-join of a common table expression
		"with x as (select a, b from m.t where c > 1) select p.a, q.b from x p join x q on p.b = q.a",
		"with x as materialized (select a, b from m.t where c > 1) select p.a, q.b from x p join x q on p.b = q.a",
		"with other as (select a, b from m.t where c > 1) select l.a, r.b from other l inner join other as r on (l.b = r.a)",
		"select p.a, q.b from (select a, b from m.t where c > 1) p join (select a, b from m.t where c > 1) q on p.b = q.a",
	},
	{ // operands of AND and OR
		"select a from m.t where a > 1 and b > 2 and (c = 1 or c = 2)",
		"select a from m.t where (c = 2 or c = 1) and b > 2 and a > 1",
	},
	{ // grouping by name, place, all
		"select a, sum(b) as n from m.t group by a having sum(b) > 1",
		"select a, sum(b) as n from m.t group by 1 having n > 1",
		"select a, sum(b) as n from m.t group by all having sum(b) > 1",
		"from (from m.t select a, sum(b) as n group by a) where n > 1",
	},
	{ // aliases of what is computed
		"select a + 1 as v, lag(a) over (partition by b order by c) as w from m.t order by v limit 2",
		"select v, w from (select a + 1 as v, lag(a) over win as w from m.t as other window win as (partition by b order by c)) order by 1 limit 2",
	},
	{ // parameters of lambdas
		"select list_transform(l, lambda x: x + a) as v from m.t",
		"select list_transform(l, lambda element: element + a) as v from m.t",
	},
	{ // recursion under another name
		"with recursive w as (select a as n from m.t union select n + 1 from w where n < 3) select n from w",
		"with recursive other(m) as (select a from m.t union select m + 1 from other where m < 3) select m as n from other",
	},
	{ // a subquery that reads the query around it
		"select a, (select max(k) from m.u where m.u.b = m.t.b) as v from m.t",
		"select x.a, (select max(y.k) from m.u as y where y.b = x.b) as v from m.t as x",
	},
}

// golden are meanings as one machine found them.
var golden = map[string]string{
	`select a, b from m.t where c > 1`:                                                                                  "plan1-v1.5.5:ee0648906f85eb988c58c828f8ac8b6e",
	`select s, sum(a) as n from m.t group by all order by 2 limit 3`:                                                    "plan1-v1.5.5:0f524cba3bc7b0b3711bfccc811b5cd9",
	`select t.a, u.k from m.t join m.u using (b)`:                                                                       "plan1-v1.5.5:8b7fade24d73a4e8eaf7c7acba74be9b",
	`with recursive w as (select 1 as n union all select n + 1 from w where n < 3) from w`:                              "plan1-v1.5.5:dcfedaa66d6b89f5f3fc0a7dd84b9b81",
	`select a, row_number() over (partition by b order by c desc) as n from m.t`:                                        "plan1-v1.5.5:2028c65693a8b22d19115b43f658f4cd",
	`pivot (select a, b from m.t) on a in (1, 2) using sum(b)`:                                                          "plan1-v1.5.5:3164034b064a80ff271fa211d381e0ba",
	`select list_transform(l, lambda x: x + a) as v from m.t`:                                                           "plan1-v1.5.5:287dc47f7d68adf4286b30fa793b5736",
	`select a, (select max(k) from m.u where m.u.b = m.t.b) as v from m.t`:                                              "plan1-v1.5.5:47eea7bc8af1249265784a05bc15b08c",
	`select a from m.t except select b from m.u`:                                                                        "plan1-v1.5.5:42ea3b5402e268ef58a57926f957c727",
	`select tz at time zone 'Europe/Berlin' as v, s::ENUM('a', 'b') as e, quantile_cont(a, 0.25) over () as q from m.t`: "plan1-v1.5.5:cb14bb68ddeafabda146ca6dc6941d9e",
	`values (1, 'x'), (2, 'y')`:                                                                                         "plan1-v1.5.5:d61310b7479b7729434bca45b8d07bc5",
	`select n, m.u.k from range(3) as g(n), m.u asof join m.t using (s, day)`:                                           "plan1-v1.5.5:d72620d0a3d081e82d1661938c589753",
}
