package tensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// fields decodes a JSON value into v, whose fields have names of a to z and _.
// Package encoding/json takes keys of another case too, and the last one of
// several; here every key is a field's name letter for letter, and occurs once.
func fields(d *json.Decoder, v any) error {
	var text json.RawMessage
	if err := d.Decode(&text); err != nil {
		return err
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(v); err != nil {
		return err
	}
	return checkKeys(text)
}

// checkKeys refuses keys that occur twice in an object of valid JSON, and those
// with other letters than a to z and _.
func checkKeys(text []byte) error {
	type level struct {
		seen map[string]bool // nil in an array
		key  bool            // a key comes next, or the end
	}
	var levels []level
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if err != nil { // io.EOF: the JSON is valid
			return nil
		}
		if n := len(levels); n > 0 && levels[n-1].key {
			if key, ok := token.(string); ok {
				switch seen := levels[n-1].seen; {
				case strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "":
					return fmt.Errorf("unknown field %q", key)
				case seen[key]:
					return fmt.Errorf("field %q occurs twice", key)
				default:
					seen[key] = true
				}
				levels[n-1].key = false
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			levels = append(levels, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
		if n := len(levels); n > 0 {
			levels[n-1].key = levels[n-1].seen != nil
		}
	}
}
