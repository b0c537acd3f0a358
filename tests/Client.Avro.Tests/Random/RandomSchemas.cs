using System.Text.Json.Nodes;

namespace Loire.Client.Avro.Tests;

/// <summary>Makes schemas of every type, with namespaces, references to types that were defined before, and records that hold themselves.</summary>
internal sealed class RandomSchemas(Random random)
{
    private static readonly string[] Primitives = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

    private static readonly (string On, string Logical)[] LogicalTypes =
    [
        ("string", "uuid"), ("int", "date"), ("int", "time-millis"), ("long", "time-micros"), ("long", "timestamp-millis"),
        ("long", "timestamp-micros"), ("long", "local-timestamp-millis"), ("long", "local-timestamp-micros"), ("bytes", "decimal"),
        ("string", "something-nobody-knows"),
    ];

    private readonly List<string> _names = [];
    private int _count;

    public static string Next(Random random) => new RandomSchemas(random).Schema(4).ToJsonString();

    private JsonNode Schema(int depth) => random.Next(depth > 0 ? 16 : 6) switch
    {
        < 4 => Primitives[random.Next(Primitives.Length)],
        4 => Logical(),
        5 when _names.Count > 0 => _names[random.Next(_names.Count)],
        5 => "int",
        6 or 7 => new JsonObject { ["type"] = "array", ["items"] = Schema(depth - 1) },
        8 => new JsonObject { ["type"] = "map", ["values"] = Schema(depth - 1) },
        9 => Enum(),
        10 => Fixed(),
        11 or 12 => Union(depth - 1),
        _ => Record(depth - 1),
    };

    private JsonObject Logical()
    {
        var (on, logical) = LogicalTypes[random.Next(LogicalTypes.Length)];
        var schema = new JsonObject { ["type"] = on, ["logicalType"] = logical };
        if (logical == "decimal")
        {
            var digits = random.Next(1, 40);
            (schema["precision"], schema["scale"]) = (digits, random.Next(0, digits + 1));
        }

        return schema;
    }

    private JsonObject Enum() => Named("enum", new JsonObject { ["symbols"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 5)).Select(i => (JsonNode)$"S{i}")]) });

    private JsonObject Fixed() => random.Next(3) == 0
        ? Named("fixed", new JsonObject { ["size"] = 12, ["logicalType"] = "duration" })
        : Named("fixed", new JsonObject { ["size"] = random.Next(1, 20) });

    private JsonObject Record(int depth)
    {
        var record = Named("record", []);
        var self = _names[^1];
        var fields = new JsonArray();
        for (var i = random.Next(0, 5); i > 0; i--)
        {
            // A record reaches itself only where a value may end: in a union with null first, or in an array.
            var type = random.Next(6) switch
            {
                0 => new JsonArray("null", self),
                1 => new JsonObject { ["type"] = "array", ["items"] = self },
                _ => WithoutOpenNames(self, () => Schema(depth)),
            };
            fields.Add(new JsonObject { ["name"] = $"f{i}", ["type"] = type });
        }

        record["fields"] = fields;
        return record;
    }

    private JsonArray Union(int depth)
    {
        var union = new JsonArray([.. Primitives.Where(_ => random.Next(4) == 0).Select(type => (JsonNode)type)]);
        if (random.Next(3) == 0)
        {
            union.Add(new JsonObject { ["type"] = "array", ["items"] = Schema(depth) });
        }

        if (random.Next(3) == 0)
        {
            union.Add(new JsonObject { ["type"] = "map", ["values"] = Schema(depth) });
        }

        for (var i = union.Count > 0 ? random.Next(3) : 1; i > 0; i--)
        {
            // Apache.Avro does not know durations, and takes one in a union for every value.
            union.Add(random.Next(3) switch { 0 => Record(depth), 1 => Enum(), _ => Named("fixed", new JsonObject { ["size"] = 2 }) });
        }

        return union;
    }

    private JsonObject Named(string type, JsonObject schema)
    {
        var name = $"T{_count++}";
        var space = random.Next(2) == 0 ? "a" : "a.b";
        _names.Add($"{space}.{name}");
        schema["type"] = type;
        schema["name"] = name;
        schema["namespace"] = space;
        return schema;
    }

    /// <summary>What is made without the name of a record that is not complete.</summary>
    private JsonNode WithoutOpenNames(string name, Func<JsonNode> make)
    {
        _names.Remove(name);
        var schema = make();
        _names.Add(name);
        return schema;
    }
}
