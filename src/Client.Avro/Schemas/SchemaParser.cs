using System.Text.Json;

namespace Loire.Client.Avro;

/// <summary>
/// Reads one schema from JSON. The names that it defines are known from where they are defined, as the specification says.
/// </summary>
internal sealed class SchemaParser
{
    // A record takes three levels of JSON for each level of schema: itself, its fields, a field.
    private const int JsonDepth = 3 * (AvroLimits.SchemaDepth + 1);

    private readonly Dictionary<AvroName, NamedSchema> _names = [];
    private readonly List<(RecordField Field, JsonElement Default, string Where)> _defaults = [];
    private int _depth;

    private SchemaParser()
    {
    }

    public static AvroSchema Parse(string json)
    {
        if (json.Length > AvroLimits.SchemaCharacters)
        {
            throw new AvroSchemaException($"A schema has {json.Length} characters; {AvroLimits.SchemaCharacters} are allowed.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = JsonDepth });
            var parser = new SchemaParser();
            var schema = parser.Read(document.RootElement, "", "the schema");

            // Only now, because a default value may be of a type that was not complete when it was met.
            foreach (var (field, value, where) in parser._defaults)
            {
                field.Default = DefaultValue.Encode(field.Schema, value, where);
            }

            return schema;
        }
        catch (JsonException exception)
        {
            throw new AvroSchemaException($"A schema is no JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // What System.Text.Json says of half a surrogate pair in a string.
            throw new AvroSchemaException($"A schema holds text that is not Unicode: {exception.Message}", exception);
        }
    }

    private AvroSchema Read(JsonElement json, string enclosing, string where)
    {
        if (++_depth > AvroLimits.SchemaDepth)
        {
            throw new AvroSchemaException($"{where} is nested deeper than {AvroLimits.SchemaDepth} schemas.");
        }

        AvroSchema schema = json.ValueKind switch
        {
            JsonValueKind.String => Named(json.GetString()!, enclosing, where),
            JsonValueKind.Array => Union(json, enclosing, where),
            JsonValueKind.Object => Complex(json, enclosing, where),
            _ => throw new AvroSchemaException($"{where} is {json.ValueKind}; a schema is a name, a list (a union) or an object."),
        };
        _depth--;
        return schema;
    }

    private AvroSchema Named(string name, string enclosing, string where)
    {
        if (TypeNames.TryParse(name, out var type) && TypeNames.IsPrimitive(type))
        {
            return new PrimitiveSchema(type);
        }

        return _names.GetValueOrDefault(AvroName.Of(name, enclosing))
            ?? throw new AvroSchemaException($"{where} is '{AvroName.Shown(name)}', which is no type and has not been defined before.");
    }

    private UnionSchema Union(JsonElement json, string enclosing, string where)
    {
        SchemaJson.CheckCount(json.GetArrayLength(), where);
        if (json.GetArrayLength() == 0)
        {
            throw new AvroSchemaException($"{where} is a union of nothing, which no value can have.");
        }

        var branches = new List<AvroSchema>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in json.EnumerateArray())
        {
            var branch = Read(item, enclosing, $"{where}[{branches.Count}]");
            if (branch is UnionSchema)
            {
                throw new AvroSchemaException($"{where} is a union that holds a union.");
            }

            if (!seen.Add(branch is NamedSchema named ? $"{named.Name}." : branch.TypeName))
            {
                throw new AvroSchemaException($"{where} is a union that holds {branch.Label} twice.");
            }

            branches.Add(branch);
        }

        return new UnionSchema(branches);
    }

    private AvroSchema Complex(JsonElement json, string enclosing, string where)
    {
        var name = SchemaJson.Text(json, "type", where) ?? throw new AvroSchemaException($"{where} has no type.");
        if (!TypeNames.TryParse(name, out var type))
        {
            return Named(name, enclosing, where);
        }

        AvroSchema schema = type switch
        {
            AvroType.Record => Record(json, enclosing, where),
            AvroType.Enum => EnumOf(json, enclosing, where),
            AvroType.Fixed => FixedOf(json, enclosing, where),
            AvroType.Array => new ArraySchema(Read(SchemaJson.Required(json, "items", where), enclosing, where + "[]")),
            AvroType.Map => new MapSchema(Read(SchemaJson.Required(json, "values", where), enclosing, where + "{}")),
            _ => new PrimitiveSchema(type),
        };
        LogicalTypes.Apply(schema, json);
        return schema;
    }

    private RecordSchema Record(JsonElement json, string enclosing, string where)
    {
        var (name, aliases) = SchemaJson.Name(json, enclosing, where);
        var record = Define(new RecordSchema(name, aliases, SchemaJson.Text(json, "doc", where)), where);
        var fields = new List<RecordField>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in SchemaJson.List(json, "fields", where))
        {
            var field = Field(item, record);
            if (!seen.Add(field.Name))
            {
                throw new AvroSchemaException($"{name} has two fields '{field.Name}'.");
            }

            fields.Add(field);
        }

        record.SetFields(fields);
        return record;
    }

    private RecordField Field(JsonElement json, RecordSchema record)
    {
        var fieldName = json.ValueKind == JsonValueKind.Object ? SchemaJson.Text(json, "name", $"a field of {record.Name}") : null;
        if (fieldName is null || !AvroName.IsWord(fieldName))
        {
            throw new AvroSchemaException($"A field of {record.Name} has no name, or one that is not made of letters, digits and _.");
        }

        var where = $"{record.Name}.{fieldName}";
        var order = SchemaJson.Text(json, "order", where);
        if (order is not (null or "ascending" or "descending" or "ignore"))
        {
            throw new AvroSchemaException($"{where} has the order '{AvroName.Shown(order)}'; there are ascending, descending and ignore.");
        }

        var schema = Read(SchemaJson.Required(json, "type", where), record.Name.Namespace, where);
        var hasDefault = json.TryGetProperty("default", out var value);
        var field = new RecordField(
            fieldName,
            schema,
            SchemaJson.Words(json, "aliases", where),
            SchemaJson.Text(json, "doc", where),
            order,
            hasDefault ? value.GetRawText() : null);
        if (hasDefault)
        {
            _defaults.Add((field, value, where));
        }

        return field;
    }

    private EnumSchema EnumOf(JsonElement json, string enclosing, string where)
    {
        var (name, aliases) = SchemaJson.Name(json, enclosing, where);
        SchemaJson.Required(json, "symbols", where);
        var symbols = SchemaJson.Words(json, "symbols", $"{name}");
        var fallback = SchemaJson.Text(json, "default", where);
        if (symbols.Distinct(StringComparer.Ordinal).Count() != symbols.Count)
        {
            throw new AvroSchemaException($"{name} has a symbol twice.");
        }

        if (fallback is not null && !symbols.Contains(fallback))
        {
            throw new AvroSchemaException($"The default of {name} is '{AvroName.Shown(fallback)}', which is none of its symbols.");
        }

        return Define(new EnumSchema(name, aliases, SchemaJson.Text(json, "doc", where), symbols, fallback), where);
    }

    private FixedSchema FixedOf(JsonElement json, string enclosing, string where)
    {
        var (name, aliases) = SchemaJson.Name(json, enclosing, where);
        var size = SchemaJson.Required(json, "size", where);
        if (size.ValueKind != JsonValueKind.Number || !size.TryGetInt32(out var bytes) || bytes < 0)
        {
            throw new AvroSchemaException($"The size of {name} is no number from 0 to {int.MaxValue}.");
        }

        return Define(new FixedSchema(name, aliases, SchemaJson.Text(json, "doc", where), bytes), where);
    }

    private T Define<T>(T schema, string where)
        where T : NamedSchema
    {
        if (TypeNames.TryParse(schema.Name.Local, out var type) && TypeNames.IsPrimitive(type))
        {
            throw new AvroSchemaException($"{where} is called '{schema.Name}', but {schema.Name.Local} is the name of a primitive type.");
        }

        if (!_names.TryAdd(schema.Name, schema))
        {
            throw new AvroSchemaException($"{schema.Name} is defined twice.");
        }

        return schema;
    }
}
