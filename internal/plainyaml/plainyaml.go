// Package plainyaml turns plainly written YAML into JSON, several times faster than a
// reader of all of YAML can: blocks of mappings and sequences, scalars on one line, and
// literal blocks, which is what kubectl, Helm and sigs.k8s.io/yaml print. It never guesses.
// Of everything else, and of everything that is wrong, it says that it cannot read it: that
// is for sigs.k8s.io/yaml. What it does read means the same there, with
// YAMLToJSONStrict: a fuzz target and every file of this repository hold it.
package plainyaml

import "bytes"

// Beyond these a document is not plain: they keep the time and the stack small.
const (
	deepest    = 200
	mostKeys   = 100
	longestKey = 500 // YAML allows 1024 characters
)

// ToJSON returns a document as JSON, fields in the order in which they stand. ok is false
// if it is not written plainly, or not correctly.
func ToJSON(data []byte) (json []byte, ok bool) {
	if !printable(data) {
		return nil, false
	}
	r := &reader{data: data, out: make([]byte, 0, len(data)+len(data)/4)}
	r.advance()
	if r.col == 0 && string(r.line) == "---" {
		r.advance()
	}
	if r.col < 0 || !r.block() || r.col >= 0 {
		return nil, false
	}
	return r.out, true
}

// printable says that a text is of printable ASCII and line feeds alone: in YAML some other
// characters break lines, or are not allowed.
func printable(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

type reader struct {
	data []byte
	// next is where the line behind the current one begins.
	next int
	// line is the current one, without spaces around it, and col the column in which it
	// begins; -1 behind the last line. Empty lines and comments are passed over.
	line []byte
	col  int

	out []byte
	// keys are those of the mappings that are open: where they stand in out.
	keys  []span
	depth int
}

type span struct{ from, to int }

func (r *reader) advance() {
	for r.next < len(r.data) {
		line := r.data[r.next:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		r.next += len(line) + 1
		content := bytes.TrimLeft(line, " ")
		if len(content) > 0 && content[0] != '#' {
			r.col, r.line = len(line)-len(content), bytes.TrimRight(content, " ")
			return
		}
	}
	r.col, r.line = -1, nil
}

// block reads the mapping or the sequence that begins at the current line.
func (r *reader) block() bool {
	if r.depth == deepest {
		return false
	}
	r.depth++
	read := r.mapping
	if isEntry(r.line) {
		read = r.sequence
	}
	ok := read()
	r.depth--
	return ok
}

func isEntry(line []byte) bool {
	return line[0] == '-' && (len(line) == 1 || line[1] == ' ')
}

func (r *reader) mapping() bool {
	col, first := r.col, len(r.keys)
	r.out = append(r.out, '{')
	for r.col == col {
		if len(r.keys) > first {
			r.out = append(r.out, ',')
		}
		rest, ok := r.key(first)
		if !ok || !r.value(rest, col, true) {
			return false
		}
	}
	r.keys = r.keys[:first]
	r.out = append(r.out, '}')
	return r.col < col
}

func (r *reader) sequence() bool {
	col := r.col
	r.out = append(r.out, '[')
	for n := 0; r.col == col && isEntry(r.line); n++ {
		if n > 0 {
			r.out = append(r.out, ',')
		}
		rest := bytes.TrimLeft(r.line[1:], " ")
		if beginsBlock(rest) {
			r.col, r.line = col+len(r.line)-len(rest), rest
			if !r.block() {
				return false
			}
			continue
		}
		if !r.value(rest, col, false) {
			return false
		}
	}
	r.out = append(r.out, ']')
	return r.col <= col // in a mapping a sequence may stand in the column of the keys
}

// beginsBlock says that an entry of a sequence is a block itself, such as "- name: web".
func beginsBlock(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	if s[0] == '"' || s[0] == '\'' {
		_, rest, ok := appendQuoted(nil, s)
		return ok && endOfKey(rest) == 0
	}
	return isEntry(s) || endOfKey(s) > 0 && beginsPlain(s[0])
}

// key reads the key at the beginning of the line; rest is its value. The keys of the same
// mapping begin at first.
func (r *reader) key(first int) (rest []byte, ok bool) {
	from := len(r.out)
	if c := r.line[0]; c == '"' || c == '\'' {
		r.out, rest, ok = appendQuoted(r.out, r.line)
		if !ok || endOfKey(rest) != 0 {
			return nil, false
		}
	} else {
		end := endOfKey(r.line)
		if end < 0 || !isTextKey(r.line[:end]) {
			return nil, false
		}
		r.out, rest = appendText(r.out, r.line[:end]), r.line[end:]
	}
	if len(r.line)-len(rest) > longestKey || len(r.keys)-first == mostKeys {
		return nil, false
	}
	name := r.out[from:]
	for _, k := range r.keys[first:] {
		// Go decodes JSON without regard to case, the last of two: then the order counts.
		if other := r.out[k.from:k.to]; len(other) == len(name) && bytes.EqualFold(other, name) {
			return nil, false
		}
	}
	r.keys = append(r.keys, span{from, len(r.out)})
	r.out = append(r.out, ':')
	return bytes.TrimLeft(rest[1:], " "), true
}

// value reads what stands behind a key or a dash of the block in column col, and goes to
// the line behind it.
func (r *reader) value(s []byte, col int, ofKey bool) bool {
	if len(s) == 0 || s[0] == '#' {
		r.advance()
		if r.col > col || ofKey && r.col == col && isEntry(r.line) {
			return r.block()
		}
		r.out = append(r.out, "null"...)
		return true
	}
	if s[0] == '|' {
		return r.literal(string(s), col)
	}
	if !r.scalar(s) {
		return false
	}
	r.advance()
	return r.col <= col // what is indented more would belong to the scalar
}

// literal reads a block of text as it stands, below the block in column col.
// https://yaml.org/spec/1.1/#id926836 (literal style)
func (r *reader) literal(header string, col int) bool {
	indent, blank, started := 0, 0, false
	r.out = append(r.out, '"')
	for r.next < len(r.data) {
		n := bytes.IndexByte(r.data[r.next:], '\n')
		if n < 0 {
			return false // the last line break counts
		}
		line := r.data[r.next : r.next+n]
		depth := n - len(bytes.TrimLeft(line, " "))
		switch {
		case n == 0:
			blank++
			r.next++
			continue
		case depth == n:
			return false // spaces alone may be text or not
		case !started:
			indent = depth
		}
		if depth < indent {
			break
		}
		if started {
			blank++ // the break behind the line before
		}
		r.out = appendEscaped(appendBreaks(r.out, blank), line[indent:])
		r.next += n + 1
		blank, started = 0, true
	}
	switch {
	case !started || indent <= col:
		return false
	case header == "|":
		r.out = appendBreaks(r.out, 1)
	case header == "|+":
		r.out = appendBreaks(r.out, 1+blank)
	case header != "|-":
		return false
	}
	r.out = append(r.out, '"')
	r.advance()
	return r.col <= col
}
