package project

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// A query reads its inputs as {a}, {b} and {c} and yields the eight columns that
// every table has: id (unique), customer, product, day, amount, quantity, status
// and note. Numbers as {1} are drawn for each asset. Whatever could grow from
// layer to layer is kept small by a modulo, whatever needs an order has a full one.
var queries = [][]string{
	{ // one input
		`with cleaned as (
    select
        id,
        customer,
        product,
        day + {7} as day,
        (amount * {3} + quantity) % 10000 as amount,
        (quantity + {9}) % 100 as quantity,
        upper(trim(status)) as status,
        left(note || '{99}', 20) as note
    from {a}
),

ranked as (
    select *, row_number() over (partition by id order by day desc, amount desc) as nth
    from cleaned
)

select id, customer, product, day, amount::decimal(18, 2) as amount, quantity, status, note
from ranked
where nth = 1
`,
		`select
    id,
    customer,
    product,
    day,
    (sum(amount) over recent % 10000)::decimal(18, 2) as amount,
    (sum(quantity) over recent % 100)::integer as quantity,
    case when quantity > {50} then 'BULK' when amount > {900} then 'LARGE' else status end as status,
    coalesce(lag(note) over (partition by customer order by day, id), 'first {99}') as note
from {a}
window recent as (partition by customer order by day, id rows between {5} preceding and current row)
`,
		`with per_purchase as (
    select
        min(id) as id,
        customer,
        product,
        max(day) as day,
        sum(amount) as total,
        sum(quantity) as pieces,
        count(*) filter (where status like '%A%') as matches
    from {a}
    group by customer, product
)

select
    id,
    customer,
    product,
    day,
    (total % 10000)::decimal(18, 2) as amount,
    ((pieces + {9}) % 100)::integer as quantity,
    case when matches > 1 then 'REPEAT' else 'SINGLE' end as status,
    'of ' || matches || ' and {99}' as note
from per_purchase
`,
	},
	{ // two inputs
		`with totals as (
    select customer, sum(amount) as total, count(*) as purchases, max(day) as last_day
    from {b}
    where quantity >= {5}
    group by customer
)

select
    base.id,
    base.customer,
    base.product,
    greatest(base.day, coalesce(totals.last_day, base.day)) as day,
    ((base.amount + coalesce(totals.total, 0)) % 10000)::decimal(18, 2) as amount,
    ((base.quantity * {3} + coalesce(totals.purchases, 0)) % 100)::integer as quantity,
    case when totals.purchases > {20} then 'LOYAL' else base.status end as status,
    base.note
from {a} as base
left join totals using (customer)
`,
		`with stacked as (
    select id, customer, product, day, amount, quantity, status, note, 1 as origin from {a}
    union all
    select id, customer, product, day, amount, quantity, status, note, 2 as origin from {b}
    where quantity % {5} = 0
)

select
    id,
    customer,
    product,
    day + {7} as day,
    ((amount * {3}) % 10000)::decimal(18, 2) as amount,
    quantity,
    status,
    left(note || '/' || origin, 20) as note
from stacked
qualify row_number() over (partition by id order by origin, day, amount) = 1
`,
		`select
    base.id,
    base.customer,
    coalesce(other.product, base.product) as product,
    least(base.day, other.day) as day,
    ((base.amount + coalesce(other.amount, 0)) % 10000)::decimal(18, 2) as amount,
    ((base.quantity + coalesce(other.quantity, {9})) % 100)::integer as quantity,
    case when other.id is null then 'ALONE' when base.amount > other.amount then 'MORE' else 'LESS' end as status,
    left(base.note || coalesce(other.status, '{99}'), 20) as note
from {a} as base
left join {b} as other on other.id = base.id and other.quantity > {20}
`,
	},
	{ // three inputs
		`with spending as (
    select customer, sum(amount) as total
    from {b}
    group by customer
),

popularity as (
    select product, count(distinct customer) as customers, min(day) as first_day
    from {c}
    group by product
)

select
    base.id,
    base.customer,
    base.product,
    coalesce(popularity.first_day, base.day) as day,
    ((base.amount + coalesce(spending.total, 0) * {3}) % 10000)::decimal(18, 2) as amount,
    ((base.quantity + coalesce(popularity.customers, 0)) % 100)::integer as quantity,
    case when popularity.customers > {20} then 'POPULAR' else base.status end as status,
    base.note
from {a} as base
left join spending using (customer)
left join popularity using (product)
`,
		`select
    base.id,
    base.customer,
    base.product,
    base.day + {7} as day,
    ((base.amount + coalesce((select max(b.amount) from {b} as b where b.product = base.product), 0)) % 10000)::decimal(18, 2) as amount,
    base.quantity,
    case when exists (select 1 from {c} as c where c.customer = base.customer and c.quantity > {50}) then 'SEEN' else 'NEW' end as status,
    lpad((rank() over (order by base.amount desc, base.id))::varchar, 6, '0') as note
from {a} as base
`,
	},
}

// query writes the SQL of an asset with these inputs.
func query(r *rand.Rand, inputs []string) string {
	choices := queries[len(inputs)-1]
	text := choices[r.IntN(len(choices))]
	var replace []string
	for i, name := range inputs {
		replace = append(replace, "{"+string(rune('a'+i))+"}", name)
	}
	for _, limit := range []int{3, 5, 7, 9, 20, 50, 99, 900} {
		replace = append(replace, "{"+strconv.Itoa(limit)+"}", strconv.Itoa(1+r.IntN(limit)))
	}
	return strings.NewReplacer(replace...).Replace(text)
}
