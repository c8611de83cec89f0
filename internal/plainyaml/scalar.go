package plainyaml

import (
	"bytes"
	"strings"
)

// scalar reads a value that stands in one line.
func (r *reader) scalar(s []byte) bool {
	switch s[0] {
	case '"', '\'':
		var rest []byte
		var ok bool
		r.out, rest, ok = appendQuoted(r.out, s)
		return ok && (len(rest) == 0 || bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte("#")) && rest[0] == ' ')
	case '{', '[':
		r.out = append(r.out, s...)
		return string(s) == "{}" || string(s) == "[]"
	}
	if n := bytes.Index(s, []byte(" #")); n >= 0 {
		s = bytes.TrimRight(s[:n], " ")
	}
	if endOfKey(s) >= 0 {
		return false
	}
	switch kindOf(s) {
	case aText:
		r.out = appendText(r.out, s)
	case anInteger:
		r.out = append(r.out, s...)
	case aWord:
		r.out = append(r.out, words[string(s)]...)
	case unclear:
		return false
	}
	return true
}

// endOfKey is where the colon stands that ends a key at the beginning of a text; -1 if
// there is none.
func endOfKey(s []byte) int {
	for from := 0; ; {
		n := bytes.IndexByte(s[from:], ':')
		if n < 0 {
			return -1
		}
		from += n + 1
		if from == len(s) || s[from] == ' ' {
			return from - 1
		}
	}
}

func isTextKey(s []byte) bool {
	return len(s) > 0 && s[len(s)-1] != ' ' && !bytes.Contains(s, []byte(" #")) && kindOf(s) == aText
}

// Kinds of plain scalars.
type kind int

const (
	// unclear is what this package leaves to others.
	unclear kind = iota
	aText
	anInteger
	aWord
)

// words that are no text in YAML 1.1, as JSON. That y and n are among them, and no other
// word, is how sigs.k8s.io/yaml reads them:
// https://github.com/yaml/go-yaml/blob/v2.4.4/resolve.go
var words = map[string]string{
	"y": "true", "Y": "true", "yes": "true", "Yes": "true", "YES": "true", "true": "true", "True": "true", "TRUE": "true", "on": "true", "On": "true", "ON": "true",
	"n": "false", "N": "false", "no": "false", "No": "false", "NO": "false", "false": "false", "False": "false", "FALSE": "false", "off": "false", "Off": "false", "OFF": "false",
	"~": "null", "null": "null", "Null": "null", "NULL": "null",
}

// beginsPlain says that a plain scalar can begin like this, and be no number.
func beginsPlain(c byte) bool { return strings.IndexByte("-?:,[]{}#&*!|>'\"%@`+.=<", c) < 0 }

// kindOf resolves a plain scalar.
func kindOf(s []byte) kind {
	c := s[0]
	switch {
	case c == '-' || '0' <= c && c <= '9':
		return kindOfNumber(s)
	case !beginsPlain(c):
		return unclear
	case len(s) <= len("false") && words[string(s)] != "":
		return aWord
	}
	return aText
}

// kindOfNumber resolves what begins like a number. Numbers in any form but the usual one
// of integers are not clear; dates are text.
func kindOfNumber(s []byte) kind {
	digits := bytes.TrimPrefix(s, []byte("-"))
	switch {
	case isInteger(digits) && (digits[0] != '0' || len(s) == 1):
		return anInteger
	case len(digits) < len(s) || bytes.IndexByte(s, '_') >= 0:
		return unclear
	case bytes.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEFxXoO+-.", r) }):
		return aText // no number has this character
	case bytes.Count(s, []byte(".")) > 1 || isSigned(s):
		return aText
	case s[0] != '0' && bytes.ContainsAny(s, "abcdfABCDFxXoO"): // what is not decimal begins with 0
		return aText
	}
	return unclear
}

// isInteger says that a text is of digits alone, and few enough to fit into 64 bits.
func isInteger(s []byte) bool {
	return len(s) > 0 && len(s) <= 18 && !bytes.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// isSigned says that a sign stands within a text, and not before an exponent.
func isSigned(s []byte) bool {
	for i := 1; i < len(s); i++ {
		if (s[i] == '+' || s[i] == '-') && s[i-1] != 'e' && s[i-1] != 'E' {
			return true
		}
	}
	return false
}

// appendText writes a text as JSON.
func appendText(out, s []byte) []byte {
	return append(appendEscaped(append(out, '"'), s), '"')
}

func appendEscaped(out, s []byte) []byte {
	if bytes.IndexByte(s, '"') < 0 && bytes.IndexByte(s, '\\') < 0 {
		return append(out, s...)
	}
	for _, c := range s {
		if c == '"' || c == '\\' {
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	return out
}

func appendBreaks(out []byte, n int) []byte {
	for range n {
		out = append(out, '\\', 'n')
	}
	return out
}

// appendQuoted writes the quoted scalar with which a text begins; rest is what stands
// behind it. It has to end in the same line, and knows only escapes that JSON has, too.
func appendQuoted(out, s []byte) (written, rest []byte, ok bool) {
	quote := s[0]
	out = append(out, '"')
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote == '"':
			i++
			if i == len(s) || strings.IndexByte(`"\nt`, s[i]) < 0 {
				return out, nil, false
			}
			out = append(out, c, s[i])
		case c == quote && quote == '\'' && i+1 < len(s) && s[i+1] == quote:
			i++
			out = append(out, quote)
		case c == quote:
			return append(out, '"'), s[i+1:], true
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
	}
	return out, nil, false
}
