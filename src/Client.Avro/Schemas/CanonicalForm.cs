using System.Globalization;
using System.Text;

namespace Loire.Client.Avro;

/// <summary>
/// The Parsing Canonical Form of the specification: full names, only the attributes that matter for reading, always in the same order,
/// without blanks. Names and symbols are ASCII words, so nothing needs to be escaped.
/// </summary>
internal static class CanonicalForm
{
    public static string Of(AvroSchema schema)
    {
        var text = new StringBuilder();
        Append(text, schema, []);
        return text.ToString();
    }

    private static void Append(StringBuilder text, AvroSchema schema, HashSet<AvroName> seen)
    {
        switch (schema)
        {
            case ArraySchema array:
                Append(text.Append("{\"type\":\"array\",\"items\":"), array.Items, seen);
                text.Append('}');
                break;
            case MapSchema map:
                Append(text.Append("{\"type\":\"map\",\"values\":"), map.Values, seen);
                text.Append('}');
                break;
            case UnionSchema union:
                AppendAll(text, union.Branches, branch => Append(text, branch, seen));
                break;
            case NamedSchema named when seen.Add(named.Name):
                AppendDefinition(text, named, seen);
                break;
            case NamedSchema named:
                text.Append('"').Append(named.Name).Append('"');
                break;
            default:
                text.Append('"').Append(schema.TypeName).Append('"');
                break;
        }
    }

    private static void AppendDefinition(StringBuilder text, NamedSchema named, HashSet<AvroName> seen)
    {
        text.Append("{\"name\":\"").Append(named.Name).Append("\",\"type\":\"").Append(named.TypeName).Append('"');
        switch (named)
        {
            case RecordSchema record:
                AppendAll(text.Append(",\"fields\":"), record.Fields, field =>
                {
                    Append(text.Append("{\"name\":\"").Append(field.Name).Append("\",\"type\":"), field.Schema, seen);
                    text.Append('}');
                });
                break;
            case EnumSchema choice:
                AppendAll(text.Append(",\"symbols\":"), choice.Symbols, symbol => text.Append('"').Append(symbol).Append('"'));
                break;
            case FixedSchema { Size: var size }:
                text.Append(",\"size\":").Append(size.ToString(CultureInfo.InvariantCulture));
                break;
        }

        text.Append('}');
    }

    private static void AppendAll<T>(StringBuilder text, IReadOnlyList<T> items, Action<T> append)
    {
        text.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            append(items[i]);
        }

        text.Append(']');
    }
}
