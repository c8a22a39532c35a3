package event

import (
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
	"testing"
)

// libraryNodes is readNodes by encoding/xml, the oracle.
func libraryNodes(text []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	valueOf := func(e xml.StartElement, name string) (value string) {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				value = a.Value
			}
		}
		return value
	}
	var path []*xmlNode
	key, inAttr := "", false
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case len(path) == 0 || t.Name.Local == "node" && !inAttr:
				n := &xmlNode{name: valueOf(t, "name"), attrs: map[string]string{}}
				if len(path) > 0 {
					last := path[len(path)-1]
					last.nodes = append(last.nodes, n)
				}
				path = append(path, n)
			case t.Name.Local == "attr" && !inAttr:
				key, inAttr = valueOf(t, "key"), true
				path[len(path)-1].attrs[key] = ""
			default:
				if err := d.Skip(); err != nil {
					return nil, err
				}
			}
		case xml.CharData:
			if inAttr {
				path[len(path)-1].attrs[key] += string(t)
			}
		case xml.EndElement:
			switch {
			case inAttr:
				inAttr = false
			case len(path) == 1:
				return path[0], nil
			default:
				path = path[:len(path)-1]
			}
		}
	}
}

var nodeTexts = []string{
	`<dv><node name="0"><attr key="typeIdentifier">EVTS</attr></node></dv>`,
	"<?xml version=\"1.0\"?>\n<!-- two -->\n<dv version='2.0'>\n <node name=\"outInfo\" path=\"/a/\">\n  <node name=\"0\"><attr key=\"c\" type=\"string\"> LZ4 </attr><attr key='d'/>\n<node name='info'><attr key=\"sizeX\">320</attr></node></node></node></dv>\n",
	`<dv><attr key="a">1 &lt; 2 &amp;&#65;&#x42;&quot;&apos;&gt;</attr><attr key="b"><![CDATA[<&>]]></attr></dv>`,
	`<dv><other><node name="no"><attr key="x">1</attr></node></other><attr key="k">a<b>c</b>d<attr>e</attr>f<node/></attr></dv>`,
	`<dv name="&lt;&amp;"/>`,
}

// TestNodes: the list of streams is what encoding/xml reads.
func TestNodes(t *testing.T) {
	t.Parallel()
	for _, text := range nodeTexts {
		got, err := readNodes([]byte(text))
		want, wantErr := libraryNodes([]byte(text))
		if err != nil || wantErr != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, expected %+v, %v", text, got, err, want, wantErr)
		}
	}
	for _, text := range []string{
		"", "dv", "<dv>", "<dv", "<dv><node></dv>", "</dv>", "<dv a>", "<dv a=1></dv>", `<dv a="1></dv>`, "<dv>&nbsp;</dv>", "<dv>&#xD800;</dv>", "<dv>&amp</dv>",
		"<!--", "<![CDATA[", "<?", "<>", "<dv></dv a='1'>", "<dv/ >", strings.Repeat("<node>", maxNodes+1),
	} {
		if n, err := readNodes([]byte(text)); err == nil || err == io.EOF {
			t.Errorf("%s: %+v, %v", text, n, err)
		}
	}
}

// FuzzNodes: what both read is the same.
func FuzzNodes(f *testing.F) {
	for _, text := range nodeTexts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.ContainsAny(text, "\r:") || bytes.Contains(text, []byte("encoding")) || bytes.Contains(text, []byte("<!")) {
			return // line ends, name spaces and declarations, which cameras do not write
		}
		got, err := readNodes(text)
		want, wantErr := libraryNodes(text)
		if err == nil && wantErr == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, expected %+v", got, want)
		}
		if err != nil && wantErr == nil && !strings.Contains(err.Error(), "deep") {
			t.Errorf("%v of what encoding/xml reads", err)
		}
	})
}
