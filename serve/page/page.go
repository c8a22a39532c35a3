// Package page is the page of snurun serve: a document, a style and a script.
package page

import "embed"

// Files are the files of the page; index.html is the document.
//
//go:embed index.html page.css page.js
var Files embed.FS
