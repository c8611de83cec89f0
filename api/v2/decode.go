package v2

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Decode reads a Cluster from its JSON object. It does not apply defaults.
//
// The errors are all that is wrong with the form of the object, each with its
// field path: values of the wrong type, and unknown fields that look like typing
// mistakes of known ones. Unknown fields that look like nothing known are
// returned as ignored, as the API server would ignore them.
func Decode(obj map[string]any) (c *Cluster, ignored []*field.Path, errs field.ErrorList) {
	c = &Cluster{}
	d := &decoder{}
	d.identity(obj, c)
	if spec, ok := obj["spec"]; ok && spec != nil {
		d.value(field.NewPath("spec"), spec, reflect.ValueOf(&c.Spec).Elem())
	}
	return c, d.ignored, d.errs
}

type decoder struct {
	ignored []*field.Path
	errs    field.ErrorList
}

func (d *decoder) identity(obj map[string]any, c *Cluster) {
	d.value(field.NewPath("apiVersion"), obj["apiVersion"], reflect.ValueOf(&c.APIVersion).Elem())
	d.value(field.NewPath("kind"), obj["kind"], reflect.ValueOf(&c.Kind).Elem())
	meta, _ := obj["metadata"].(map[string]any)
	path := field.NewPath("metadata")
	d.value(path.Child("name"), meta["name"], reflect.ValueOf(&c.Name).Elem())
	d.value(path.Child("namespace"), meta["namespace"], reflect.ValueOf(&c.Namespace).Elem())
}

// value writes raw into dst, whose type says what raw has to be.
func (d *decoder) value(path *field.Path, raw any, dst reflect.Value) {
	if raw == nil {
		return // null is absent, as for the API server
	}
	switch dst.Kind() {
	case reflect.Pointer:
		d.pointer(path, raw, dst)
	case reflect.Struct:
		d.structure(path, raw, dst)
	case reflect.Map:
		d.mapping(path, raw, dst)
	case reflect.Slice:
		d.list(path, raw, dst)
	default:
		d.scalar(path, raw, dst)
	}
}

// pointer leaves what is of the wrong type absent, so that it is not taken for
// the zero value.
func (d *decoder) pointer(path *field.Path, raw any, dst reflect.Value) {
	known := len(d.errs)
	item := reflect.New(dst.Type().Elem())
	d.value(path, raw, item.Elem())
	if len(d.errs) == known || item.Elem().Kind() == reflect.Struct {
		dst.Set(item)
	}
}

func (d *decoder) structure(path *field.Path, raw any, dst reflect.Value) {
	obj, ok := raw.(map[string]any)
	if !ok {
		d.mistyped(path, raw, "an object")
		return
	}
	known := map[string]reflect.Value{}
	jsonFields(dst, known)
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		if f, ok := known[name]; ok {
			d.value(path.Child(name), obj[name], f)
			continue
		}
		d.unknown(path.Child(name), name, known)
	}
}

// jsonFields lists the fields of a struct, those of embedded structs included,
// by their JSON names.
func jsonFields(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" && strings.Contains(opts, "inline") {
			jsonFields(v.Field(i), into)
			continue
		}
		into[name] = v.Field(i)
	}
}

// unknown tells a typing mistake, which would silently switch something off,
// from a field that means nothing to us. Crossplane owns spec.crossplane, of
// which we know only a part.
func (d *decoder) unknown(path *field.Path, name string, known map[string]reflect.Value) {
	if strings.HasPrefix(path.String(), "spec.crossplane.") {
		return
	}
	if near := nearest(name, known); near != "" {
		d.errs = append(d.errs, field.Invalid(path, field.OmitValueType{}, fmt.Sprintf("unknown field, did you mean %q?", near)))
		return
	}
	d.ignored = append(d.ignored, path)
}

func (d *decoder) mapping(path *field.Path, raw any, dst reflect.Value) {
	obj, ok := raw.(map[string]any)
	if !ok {
		d.mistyped(path, raw, "an object")
		return
	}
	if dst.Type().Elem().Kind() == reflect.Interface {
		dst.Set(reflect.ValueOf(Object(obj)))
		return
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(obj))
	for _, key := range slices.Sorted(maps.Keys(obj)) {
		item := reflect.New(dst.Type().Elem()).Elem()
		d.value(path.Key(key), obj[key], item)
		out.SetMapIndex(reflect.ValueOf(key), item)
	}
	dst.Set(out)
}

func (d *decoder) list(path *field.Path, raw any, dst reflect.Value) {
	items, ok := raw.([]any)
	if !ok {
		d.mistyped(path, raw, "a list")
		return
	}
	out := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, item := range items {
		if item == nil {
			d.mistyped(path.Index(i), item, describe(dst.Type().Elem()))
			continue
		}
		d.value(path.Index(i), item, out.Index(i))
	}
	dst.Set(out)
}

func (d *decoder) scalar(path *field.Path, raw any, dst reflect.Value) {
	switch dst.Kind() {
	case reflect.String:
		if s, ok := raw.(string); ok {
			dst.SetString(s)
			return
		}
	case reflect.Bool:
		if b, ok := raw.(bool); ok {
			dst.SetBool(b)
			return
		}
	case reflect.Int64:
		if n, ok := integer(raw); ok {
			dst.SetInt(n)
			return
		}
	default:
		panic("api/v2: no decoding into " + dst.Kind().String()) // a programming mistake in the types
	}
	d.mistyped(path, raw, describe(dst.Type()))
}

// integer accepts the forms in which JSON decoders hand over whole numbers:
// protobuf's Struct and encoding/json know only floating point.
func integer(raw any) (int64, bool) {
	switch n := raw.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), true
		}
	}
	return 0, false
}

func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string (quote it)"
	case reflect.Bool:
		return "true or false"
	case reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

func (d *decoder) mistyped(path *field.Path, raw any, want string) {
	d.errs = append(d.errs, field.TypeInvalid(path, brief(raw), "must be "+want))
}

// brief keeps errors on a screen whatever was given instead of a value.
func brief(raw any) any {
	switch v := raw.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		if r := []rune(v); len(r) > 64 {
			return string(r[:64]) + "…"
		}
	}
	return raw
}
