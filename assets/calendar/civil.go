package calendar

import (
	"math/bits"
	"time"
)

// horizon is how many months are searched: February 29 falls on a given weekday
// once in 28 years, or in 40 where a century has no leap year.
const horizon = 12 * 41

// after is the first civil time at or after c that matches, whether or not a clock
// ever shows it.
func (s Schedule) after(c int64) (int64, bool) {
	if s.minutes == 0 {
		return 0, false
	}
	d, m := floor(c, day), c-floor(c, day)*day
	month := monthOf(d)
	// Today, from this minute on.
	if s.daysOf(month)>>(d-month.first+1)&1 == 1 {
		if m, ok := s.timeAfter(m); ok {
			return d*day + m, true
		}
	}
	earliest := uint(d - month.first + 2) // day of the month
	for range horizon {
		if days := s.daysOf(month) >> earliest << earliest; days != 0 {
			d = month.first + int64(bits.TrailingZeros32(days)) - 1
			m, _ := s.timeAfter(0)
			return d*day + m, true
		}
		month, earliest = month.next(), 1
	}
	return 0, false
}

// before is the last civil time at or before c that matches.
func (s Schedule) before(c int64) (int64, bool) {
	if s.minutes == 0 {
		return 0, false
	}
	d, m := floor(c, day), c-floor(c, day)*day
	month := monthOf(d)
	if s.daysOf(month)>>(d-month.first+1)&1 == 1 {
		if m, ok := s.timeBefore(m); ok {
			return d*day + m, true
		}
	}
	days := s.daysOf(month) & (1<<(d-month.first+1) - 1)
	for range horizon {
		if days != 0 {
			d = month.first + int64(bits.Len32(days)) - 2
			m, _ := s.timeBefore(day - 1)
			return d*day + m, true
		}
		month = month.previous()
		days = s.daysOf(month)
	}
	return 0, false
}

// timeAfter is the first time of a day, in minutes, at or after m.
func (s Schedule) timeAfter(m int64) (int64, bool) {
	h, minutes := m/hour, s.minutes>>(m%hour)<<(m%hour)
	if s.hours>>h&1 == 0 || minutes == 0 {
		hours := s.hours >> (h + 1) << (h + 1)
		if hours == 0 {
			return 0, false
		}
		h, minutes = int64(bits.TrailingZeros32(hours)), s.minutes
	}
	return h*hour + int64(bits.TrailingZeros64(minutes)), true
}

// timeBefore is the last time of a day, in minutes, at or before m.
func (s Schedule) timeBefore(m int64) (int64, bool) {
	h, minutes := m/hour, s.minutes&(1<<(m%hour+1)-1)
	if s.hours>>h&1 == 0 || minutes == 0 {
		hours := s.hours & (1<<h - 1)
		if hours == 0 {
			return 0, false
		}
		h, minutes = int64(bits.Len32(hours))-1, s.minutes
	}
	return h*hour + int64(bits.Len64(minutes)) - 1, true
}

// daysOf are the days of a month that match, from bit 1 on.
func (s Schedule) daysOf(m civilMonth) uint32 {
	if s.months>>m.month&1 == 0 {
		return 0
	}
	// The weekdays in the order of this month's days, five times over.
	const weeks = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28
	first := (m.first%7 + 7 + 4) % 7 // 1970-01-01 was a Thursday
	week := (uint64(s.weekdays)>>first | uint64(s.weekdays)<<(7-first)) & 0x7f
	weekdays, days := uint32(week*weeks<<1), s.days
	if s.eitherDay {
		days |= weekdays
	} else {
		days &= weekdays
	}
	return days & (2<<m.length() - 2)
}

// civilMonth is a month of the calendar.
type civilMonth struct {
	year  int
	month time.Month
	first int64 // its first day, in days since 1970-01-01
}

// monthOf is the month that a day is in.
func monthOf(d int64) civilMonth {
	year, month, dom := time.Unix(d*day*60, 0).UTC().Date()
	return civilMonth{year, month, d - int64(dom) + 1}
}

func (m civilMonth) next() civilMonth {
	m.first += int64(m.length())
	if m.month++; m.month > time.December {
		m.year, m.month = m.year+1, time.January
	}
	return m
}

func (m civilMonth) previous() civilMonth {
	if m.month--; m.month < time.January {
		m.year, m.month = m.year-1, time.December
	}
	m.first -= int64(m.length())
	return m
}

var lengths = [...]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// length is how many days the month has.
func (m civilMonth) length() int {
	if m.month == time.February && (m.year%4 != 0 || m.year%100 == 0 && m.year%400 != 0) {
		return 28
	}
	return lengths[m.month]
}
