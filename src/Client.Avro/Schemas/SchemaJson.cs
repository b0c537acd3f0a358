using System.Text.Json;

namespace Loire.Client.Avro;

/// <summary>The attributes of a schema's JSON, each of the kind that the specification demands.</summary>
internal static class SchemaJson
{
    public static JsonElement Required(JsonElement json, string attribute, string where) => json.TryGetProperty(attribute, out var value)
        ? value
        : throw new AvroSchemaException($"{where} has no {attribute}.");

    /// <summary>A text; null if there is none.</summary>
    public static string? Text(JsonElement json, string attribute, string where)
    {
        if (!json.TryGetProperty(attribute, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw new AvroSchemaException($"{where} has a {attribute} that is {value.ValueKind} and no text.");
    }

    public static IEnumerable<JsonElement> List(JsonElement json, string attribute, string where)
    {
        var value = Required(json, attribute, where);
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new AvroSchemaException($"{where} has {attribute} that are {value.ValueKind} and no list.");
        }

        CheckCount(value.GetArrayLength(), where);
        return value.EnumerateArray();
    }

    /// <summary>A list of names without dots; empty if there is none.</summary>
    public static List<string> Words(JsonElement json, string attribute, string where)
    {
        var words = Texts(json, attribute, where);
        return words.Find(word => !AvroName.IsWord(word)) is { } wrong
            ? throw new AvroSchemaException($"{where} has '{AvroName.Shown(wrong)}' among its {attribute}, which is no name.")
            : words;
    }

    /// <summary>The name and the aliases of a record, an enum or a fixed. Aliases without a dot belong to its namespace.</summary>
    public static (AvroName Name, List<AvroName> Aliases) Name(JsonElement json, string enclosing, string where)
    {
        var text = Text(json, "name", where) ?? throw new AvroSchemaException($"{where} has no name.");
        var name = AvroName.Of(text, Text(json, "namespace", where) ?? enclosing);
        return (name, Texts(json, "aliases", where).ConvertAll(alias => AvroName.Of(alias, name.Namespace)));
    }

    public static void CheckCount(int count, string where)
    {
        if (count > AvroLimits.Members)
        {
            throw new AvroSchemaException($"{where} has {count} members; {AvroLimits.Members} are allowed.");
        }
    }

    private static List<string> Texts(JsonElement json, string attribute, string where)
    {
        var texts = new List<string>();
        if (json.TryGetProperty(attribute, out _))
        {
            foreach (var item in List(json, attribute, where))
            {
                texts.Add(item.ValueKind == JsonValueKind.String
                    ? item.GetString()!
                    : throw new AvroSchemaException($"{where} has {item.ValueKind} among its {attribute}, which are texts."));
            }
        }

        return texts;
    }
}
