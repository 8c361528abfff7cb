// SPDX-License-Identifier: Apache-2.0

// Package lint checks what no public linter knows about this repository: every
// Go file opens with its licence, files and functions stay short, nothing is
// left to be done later, every package has a comment and an example, every
// exported symbol a doc, and every link in a doc a target. It reads source only;
// its own test runs it over the whole tree.
//
// A function that is one long kernel loop may exceed the limit if the line
//
//	//neuroran:kernel
//
// stands in its doc comment. Generated files have no limits.
package lint
