// Package viewer tests the viewer of spor run and spor view in a browser.
package viewer
