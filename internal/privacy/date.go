package privacy

// isDate reports whether a personal number can begin with the four digits ddmm. The year is not
// checked. The 29th of February is possible in every year, because of the D-number: its day and
// month may come from the date when it was ordered, while its year is the year of birth.
func isDate(d1, d2, m1, m2 rune) bool {
	return isDay(10*int(d1-'0')+int(d2-'0'), 10*int(m1-'0')+int(m2-'0'))
}

func isDay(day, month int) bool {
	if day > 40 {
		day -= 40
	}
	return day > 0 && day <= daysIn(month)
}

// daysIn returns how many days a month has, or 0 if there is no such month. month is the number
// that a personal number contains, so a constant may have been added to it. If the number can
// mean two months, daysIn uses the longer month.
func daysIn(month int) int {
	days := 0
	for _, added := range [...]int{0, 20, 40, 60, 65, 80} {
		days = max(days, daysOf(month-added))
	}
	return days
}

func daysOf(month int) int {
	switch month {
	case 1, 3, 5, 7, 8, 10, 12:
		return 31
	case 4, 6, 9, 11:
		return 30
	case 2:
		return 29
	}
	return 0
}
