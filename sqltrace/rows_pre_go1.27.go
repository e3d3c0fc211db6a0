//go:build !go1.27

package sqltrace

import "database/sql/driver"

func (r *rows) asRows() driver.Rows { return r }
